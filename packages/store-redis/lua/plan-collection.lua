--[[
  plan-collection: say when somebody looks for blobs of a session that nothing refers to any more.

  Keys blobs

  Arguments
    member   text    the blobs in the bucket's index
    afterMs  number

  Reply
    {"planned"}

  Uses     clock, session
  Upholds  D57
  Clock    the store's
  Memory   allowed
  Cost     O(log N) in sessions due in the bucket
]]
redis.call("ZADD", K.due, "LT", digits(now() + A.afterMs), A.member)
return { "planned" }
