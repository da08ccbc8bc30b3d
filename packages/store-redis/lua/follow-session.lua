--[[
  follow-session: note that a process wants to be told of a session's events for a while.

  Keys session

  Arguments
    node   text
    forMs  number

  Reply
    {"following", cursor}
    {"missing"}

  Uses     clock, session
  Upholds  G12
  Clock    the store's
  Memory   refused
  Cost     O(followers)
]]
local rows = redis.call("HMGET", K.session, "head", "follow")
if not rows[1] then return { "missing" } end
local c = open(K.session, now(), rows[1])
local kept = {}
for node, till in string.gmatch(rows[2] or "", "([^:,]+):(%d+)") do
  if tonumber(till) > c.t and node ~= A.node then kept[#kept + 1] = node .. ":" .. till end
end
kept[#kept + 1] = A.node .. ":" .. (c.t + A.forMs)
redis.call("HSET", K.session, "follow", table.concat(kept, ","))
return { "following", c.head.cursor }
