--[[
  remove-blobs: remove blobs of a session that are still as old as they were found to be.

  Keys blobs

  Arguments
    ageMs  number
    names  rest    at most 100

  Reply
    {"removed"}

  Uses     clock
  Upholds  D56
  Clock    the store's
  Memory   allowed
  Cost     O(names)
]]
local t = now()
for _, name in ipairs(A.names) do
  local at = redis.call("ZSCORE", K.stamps, name)
  -- Put again since, it is young: somebody is about to refer to it.
  if at and t - tonumber(at) >= A.ageMs then
    redis.call("HDEL", K.blobs, name)
    redis.call("ZREM", K.stamps, name)
  end
end
return { "removed" }
