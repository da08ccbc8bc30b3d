--[[
  release-drain: give the slot of the process that drains a session's peer inbox back.

  Keys session

  Arguments
    drainId      text
    isDismissal  flag

  Reply
    {"released", generation}
    {"lost"}
    {"missing"}
    {"torn"}

  Uses     clock, step, session, drain
  Upholds  D44, D46
  Clock    the store's
  Memory   allowed
  Cost     O(1)
]]
local rows = redis.call("HMGET", K.session, "head", "txn", "drain")
if not rows[1] then return { "missing" } end
if rows[2] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1])
if SESSION_FINAL[c.head.phase] then return { "missing" } end
local drain = open_drain(rows[3])
if drain.drainId ~= A.drainId then return { "lost" } end
drain.drainId, drain.node, drain.leaseUntil = "", "", 0
if A.isDismissal then drain.dismissedBefore = c.head.generation + 1 end
redis.call("HSET", K.session, "drain", encode_drain(drain))
return { "released", c.head.generation }
