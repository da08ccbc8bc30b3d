--[[
  replan-collection: say when somebody looks for what a session may let go of, and not before; or that nobody does.

  Keys blobs

  Arguments
    member   text    the look in the bucket's index
    afterMs  number  below 0 for not at all

  Reply
    {"planned"}

  Uses     clock, session
  Upholds  D57
  Clock    the store's
  Memory   allowed
  Cost     O(log N) in sessions due in the bucket
]]
if A.afterMs < 0 then
  redis.call("ZREM", K.due, A.member)
else
  redis.call("ZADD", K.due, digits(now() + A.afterMs), A.member)
end
return { "planned" }
