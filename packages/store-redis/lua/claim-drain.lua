--[[
  claim-drain: take the slot of the process that drains a session's peer inbox, or extend its lease.

  Keys session

  Arguments
    drainId  text
    node     text
    leaseMs  number

  Reply
    {"held" | "taken" | "dismissed", phase, isBound, hasRun, isKeepAlive, isDismissed, drainId, node, remainingMs, generation}
    {"missing"}
    {"torn"}

  Raises   session unregister.commit
  Uses     clock, step, session, due, drain
  Upholds  D44, D46
  Clock    the store's
  Memory   allowed
  Cost     O(1)
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "drain")
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])
if SESSION_FINAL[c.head.phase] then return { "missing" } end
local drain = open_drain(rows[4])
if is_dismissed(c, drain) then return drain_answer("dismissed", c, drain) end
-- A session that is on its way out is drained by nobody new.
if is_leaving(c) and drain.drainId ~= A.drainId then return { "missing" } end
if drain.drainId ~= A.drainId and is_drained(c, drain) then return drain_answer("taken", c, drain) end
drain.drainId, drain.node, drain.leaseUntil, drain.leaseMs = A.drainId, A.node, c.t + A.leaseMs, A.leaseMs
redis.call("HSET", K.session, "drain", encode_drain(drain))
return drain_answer("held", c, drain)
