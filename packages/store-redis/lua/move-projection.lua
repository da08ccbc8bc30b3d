--[[
  move-projection: move a consumer's place among the facts of a session, unless somebody else has.

  Keys session

  Arguments
    consumer  text    encoded
    from      number  where the consumer believes to stand
    to        number

  Reply
    {"moved", cursor}
    {"conflict", cursor}   where it stands

  Upholds  D66
  Memory   allowed
  Cost     O(1)
]]
local field = "a." .. A.consumer
local cursor = tonumber(redis.call("HGET", K.session, field) or "0")
if cursor ~= A.from then return { "conflict", cursor } end
redis.call("HSET", K.session, field, A.to)
return { "moved", A.to }
