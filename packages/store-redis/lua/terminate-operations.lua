--[[
  terminate-operations: end operations in progress because their owner ended, a bounded number of them.

  Keys session

  Arguments
    member        text    the session in the bucket's indexes
    epochId       text
    outcome       bytes   JSON
    sweepDelayMs  number

  Reply
    {"left", count, isOwing, epoch, node, executor, followers, cursor, ended...}
      count  those still in progress
      epoch  empty unless somebody is to be woken for a run that waited for one; node is the warm worker
    {"ended"}                                                another life of the registry
    {"missing"}
    {"torn"}

  Raises   session run.stage, input.admit; run run.resume; operation operation.terminate
  Uses     clock, step, session, ring, lane, input, run, due, continuation, operation
  Upholds  O6, O8
  Clock    the store's
  Memory   allowed
  Cost     O(operations in progress), at most 100
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "bh", "follow", "settings")
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])
local registry = OPS.load(c, rows[4])
if not registry or registry.epochId ~= A.epochId then return { "ended" } end

local is_owing, wakes = false, false
if registry.active > 0 then
  local limits = OPS.kept_limits(rows[6])
  for slot = registry.active, math.max(registry.active - SCRIPT_BATCH, 0) + 1, -1 do
    local id = fetch(c, { OPS.field(c, "a", slot) })[1]
    OPS.move(c, id, OPS.find(c, id), "operation.terminate", { outcome = A.outcome })
  end
  OPS.trim(c, limits)
  OPS.keep(c)
  local keys = { due = K.due, member = A.member }
  wakes = OPS.hasten_resumed(c, keys, A.sweepDelayMs)
  is_owing = OPS.hasten_owed(c, keys, A.sweepDelayMs)
  commit(c)
end
return OPS.append_ended({
  "left", registry.active, bit(is_owing), wakes and c.head.epoch or "", c.t < c.head.warmUntil and c.head.warmNode or "",
  c.head.executor, live_followers(rows[5], c.t), c.head.cursor,
}, c)
