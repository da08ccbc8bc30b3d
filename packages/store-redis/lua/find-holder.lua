--[[
  find-holder: the worker that holds a session at this moment.

  Keys session

  Reply
    {"held", node}
    {"free"}

  Uses     clock, session
  Upholds  L7
  Clock    the store's
  Memory   allowed
  Cost     O(1)
]]
local raw = redis.call("HGET", K.session, "hold")
if not raw or raw == "" then return { "free" } end
local hold = decode_hold(raw)
if not is_live(hold, now()) then return { "free" } end
return { "held", hold.node }
