--[[
  rest-inbox: a drain of an inbox has ended; say when somebody must look at it again.

  Keys inbox

  Arguments
    member   text    the inbox in the bucket's index
    retryMs  number  after which what was left is tried again

  Reply
    {"rest"}
    {"corrupt", fault}

  Uses     clock, session, inbox
  Upholds  D64, D65
  Clock    the store's
  Memory   allowed
  Cost     O(log N) in sessions due in the bucket
]]
local inbox, fault = open_inbox(K.inbox)
if not inbox then return { "corrupt", fault } end
if inbox.applied == inbox.committed then
  redis.call("ZREM", K.due, A.member)
elseif redis.call("HEXISTS", K.session, "head") == 1 then
  redis.call("ZADD", K.due, digits(now() + A.retryMs), A.member)
else
  -- Whoever registers the session makes it due.
  redis.call("ZADD", K.due, "+inf", A.member)
end
return { "rest" }
