--[[
  find-drain: the slot of the process that drains a session's peer inbox; writes nothing.

  Keys session

  Reply
    {"found", phase, isBound, hasRun, isKeepAlive, isDismissed, drainId, node, remainingMs, generation}
    {"missing"}
    {"torn"}

  Uses     clock, step, session, drain
  Upholds  D45, D46
  Clock    the store's
  Memory   allowed
  Cost     O(1)
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "drain")
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])
if SESSION_FINAL[c.head.phase] then return { "missing" } end
return drain_answer("found", c, open_drain(rows[4]))
