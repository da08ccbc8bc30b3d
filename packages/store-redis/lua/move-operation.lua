--[[
  move-operation: take an operation from one status to the next, once per request id.

  Keys session

  Arguments
    member          text    the session in the bucket's indexes
    epochId         text
    operationId     text
    requestId       text
    action          text    provision, fail_provisioning, abort_provisioning, report_progress, peer_ready, request_retire, complete, fail, cancel, mark_retired
    takesOwnership  flag    whoever reports this carries the operation on
    node            text
    leaseMs         number
    sweepDelayMs    number
    outcome         bytes   JSON; empty where the action ends nothing
    peerHandle      bytes   JSON; empty for none

  Reply
    {"moved", row, outcome, now, isOwing, epoch, node, executor, followers, cursor, ended...}
      outcome  empty while in progress
      epoch    empty unless somebody is to be woken for a run that waited for it; node is the warm worker
    {"refused", status, kind, isPeerReady}
    {"unknown"}
    {"ended"}                                                             another life of the registry
    {"missing"}
    {"torn"}

  Raises   session run.stage, input.admit; run run.resume; operation operation.provision, operation.fail_provisioning, operation.abort_provisioning, operation.report_progress, operation.peer_ready, operation.request_retire, operation.complete, operation.fail, operation.cancel, operation.mark_retired
  Uses     clock, step, session, ring, lane, input, run, due, continuation, operation
  Upholds  O17, O6, O7, O8, O9, O10, G10
  Clock    the store's
  Memory   allowed
  Cost     O(1); at most 100 where the bounds of the registry were lowered; O(log N) in sessions due in the bucket
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "bh", "follow", "settings")
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])
local registry = OPS.load(c, rows[4])
if not registry or registry.epochId ~= A.epochId then return { "ended" } end
local followers = live_followers(rows[5], c.t)
local operation = OPS.find(c, A.operationId)
if not operation then return { "unknown" } end

local function answer(is_owing, wakes)
  return OPS.append_ended({
    "moved", { unpack_row(encode_operation(operation)) }, OPS.outcome_of(c, operation), c.t, bit(is_owing),
    wakes and c.head.epoch or "", c.t < c.head.warmUntil and c.head.warmNode or "", c.head.executor, followers,
    c.head.cursor,
  }, c)
end

if OPS.has_request(operation, A.requestId) then return answer(false, false) end
-- Whoever reports of an operation carries it on. What is refused below writes nothing of this.
if A.takesOwnership and operation.slot > 0 and operation.owner ~= A.node then
  OPS.disown(c, operation)
  operation.owner = A.node
  OPS.own(c, A.node, A.leaseMs)
end
local said = { outcome = A.outcome, peerHandle = A.peerHandle }
if not OPS.move(c, A.operationId, operation, "operation." .. A.action, said) then
  if A.outcome ~= "" and OPS.outcome_of(c, operation) == A.outcome then return answer(false, false) end
  return { "refused", operation.status, operation.kind, bit(operation.isPeerReady) }
end
OPS.note_request(operation, A.requestId)
OPS.save(c, A.operationId, operation)
if operation.seq > 0 then OPS.trim(c, OPS.kept_limits(rows[6])) end
OPS.keep(c)
local keys = { due = K.due, member = A.member }
local wakes = OPS.hasten_resumed(c, keys, A.sweepDelayMs)
local is_owing = operation.seq > 0 and OPS.hasten_owed(c, keys, A.sweepDelayMs)
local reply = answer(is_owing, wakes)
commit(c)
return reply
