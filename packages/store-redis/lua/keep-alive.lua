--[[
  keep-alive: note whether a session is to be kept alive for its peers.

  Keys session

  Arguments
    isKeepAlive  flag

  Reply
    {"kept", phase, isBound, hasRun, isKeepAlive, isDismissed, drainId, node, remainingMs, generation}
    {"missing"}
    {"torn"}

  Uses     clock, step, session, drain
  Upholds  D45
  Clock    the store's
  Memory   refused
  Cost     O(1)
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "drain")
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])
if SESSION_FINAL[c.head.phase] then return { "missing" } end
local drain = open_drain(rows[4])
drain.isKeepAlive = A.isKeepAlive
redis.call("HSET", K.session, "drain", encode_drain(drain))
return drain_answer("kept", c, drain)
