--[[
  inspect-due: say what an overdue session needs; count the sweep and move the wake epoch.

  Keys session

  Arguments
    member        text    the session in the bucket's indexes
    graceMs       number
    sweepDelayMs  number

  Reply
    {"wake", epoch, sweeps, executor, node}    node is the warm worker, or empty
    {"owing"}    it must be told of detached work that ended
    {"chores"}
    {"unregistering"}   somebody must see to its removal
    {"torn"}
    {"nothing"}

  Raises   session run.stage, input.admit, unregister.commit
  Uses     clock, step, session, due
  Upholds  L6, L7
  Clock    the store's
  Memory   allowed
  Cost     O(log N) in sessions due in the bucket
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn")
-- A torn session leaves the index: only an operator can put it right.
local is_torn = rows[1] and rows[3] ~= ""
if not rows[1] or is_torn then
  redis.call("ZREM", K.due, A.member)
  return is_torn and { "torn" } or { "nothing" }
end
local c = open(K.session, now(), rows[1], rows[2])
local hold = c.hold
if is_leaving(c) then
  index_due(c, K.due, A.member, c.t + A.sweepDelayMs)
  commit(c)
  return { "unregistering" }
end
if hold and is_live(hold, c.t) then
  redis.call("ZADD", K.due, digits(hold.leaseUntil + A.graceMs), A.member)
  return { "nothing" }
end
if has_chores(c) or #ripe_expiries(c, K.later) > 0 then return { "chores" } end

-- A dead holder's session is looked at again until somebody claims it.
local at = hold and c.t or due_at_rest(c, K.later, c.t)
if not at or at > c.t then
  index_due(c, K.due, A.member, at)
  commit(c)
  return { "nothing" }
end
if owes_wake(c) then
  index_due(c, K.due, A.member, c.t + A.sweepDelayMs)
  commit(c)
  return { "owing" }
end
c.head.sweeps, c.head.epoch = c.head.sweeps + 1, c.head.epoch + 1
index_due(c, K.due, A.member, c.t + A.sweepDelayMs)
commit(c)
return { "wake", c.head.epoch, c.head.sweeps, c.head.executor, c.t < c.head.warmUntil and c.head.warmNode or "" }
