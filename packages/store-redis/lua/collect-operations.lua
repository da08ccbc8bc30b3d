--[[
  collect-operations: remove ended operations that were read, a bounded number of them. Their
  completions stay in the feed.

  Keys session

  Arguments
    epochId  text
    through  number  the last completion that was read

  Reply
    {"collected", isDone}
    {"ended"}        another life of the registry
    {"missing"}
    {"torn"}

  Uses     clock, step, session, ring, lane, input, run, due, continuation, operation
  Upholds  O8
  Clock    the store's
  Memory   allowed
  Cost     O(completions up to that one), at most 100
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "bh")
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])
local registry = OPS.load(c, rows[4])
if not registry or registry.epochId ~= A.epochId then return { "ended" } end
local through = math.min(A.through, registry.watermark)
local from = registry.passedFrom > 0 and registry.passedFrom or registry.evictFrom
if from > through then return { "collected", "1" } end

local till = math.min(through, from + SCRIPT_BATCH - 1)
for seq = from, till do
  local id = OPS.kept_id(c, seq)
  if id then OPS.forget(c, id, seq) end
end
-- What was passed before this stretch is gone; what comes after it may be kept.
registry.passedFrom, registry.evictFrom = 0, till + 1
OPS.keep(c)
commit(c)
return { "collected", bit(till == through) }
