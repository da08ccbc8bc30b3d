--[[
  advance-cursor: note how far the agent has come in the completion feed; it never goes back.

  Keys session

  Arguments
    epochId       text
    agentApplied  number

  Reply
    {"cursors", agentApplied, runtimeObserved, runtimeLastInjected}
    {"ended"}     another life of the registry
    {"missing"}
    {"torn"}

  Uses     clock, step, session, ring, lane, input, run, due, continuation, operation
  Upholds  O13
  Clock    the store's
  Memory   allowed
  Cost     O(1)
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "bh")
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])
local registry = OPS.load(c, rows[4])
if not registry or registry.epochId ~= A.epochId then return { "ended" } end
-- Nobody has come further than the feed goes.
local applied = math.min(A.agentApplied, registry.watermark)
if applied > registry.agentApplied then
  registry.agentApplied = applied
  OPS.keep(c)
  commit(c)
end
return { "cursors", registry.agentApplied, registry.runtimeObserved, registry.runtimeLastInjected }
