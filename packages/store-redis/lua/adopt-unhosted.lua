--[[
  adopt-unhosted: make sessions due that wait for an executor, because somebody announced it.

  Keys bucket: due, index

  Arguments
    executor  text
    limit     number  at most 100

  Reply
    the number of sessions made due

  Uses     clock, session
  Upholds  P2
  Clock    the store's
  Memory   allowed
  Cost     O(limit · log N)
]]
local due, index = KEYS[1], KEYS[2]
local t = now()
local prefix = "u " .. A.executor .. " "
local entries = redis.call("ZRANGEBYLEX", index, "[" .. prefix, "[" .. prefix .. "\255", "LIMIT", 0, A.limit)
for _, entry in ipairs(entries) do
  redis.call("ZADD", due, digits(t), string.sub(entry, #prefix + 1))
  redis.call("ZREM", index, entry)
end
return #entries
