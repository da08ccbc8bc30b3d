--[[
  sweep-due: take overdue sessions from the buckets' indexes and move each a sweep delay on.

  Keys due indexes

  Arguments
    limit         number  at most 100
    sweepDelayMs  number

  Reply
    a list of {index of the key, member}

  Uses     clock, session
  Upholds  L6, L7
  Clock    the store's
  Memory   allowed
  Cost     O(buckets + sessions taken)
]]
local t = now()
local taken = {}
for i = 1, #KEYS do
  if #taken >= A.limit then break end
  local members = redis.call("ZRANGEBYSCORE", KEYS[i], "-inf", t, "LIMIT", 0, A.limit - #taken)
  for _, member in ipairs(members) do
    -- Later, never gone: a sweeper that dies here costs one delay.
    redis.call("ZADD", KEYS[i], digits(t + A.sweepDelayMs), member)
    taken[#taken + 1] = { i, member }
  end
end
return taken
