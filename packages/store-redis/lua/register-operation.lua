--[[
  register-operation: begin a background operation of a session, once per request id.

  Keys session

  Arguments
    epochId         text
    operationId     text
    requestId       text
    node            text    process it lives and dies with
    leaseMs         number
    kind            text
    displayName     text
    childSessionId  text    empty for none

  Reply
    {"registered", row, outcome, now, followers, cursor, ended...}    outcome is empty while in progress
    {"known", status}           the session has an operation of this id
    {"limit", most, active}
    {"refused", phase}
    {"ended"}                   another life of the registry
    {"missing"}
    {"torn"}

  Raises   session operations.open, run.stage, input.admit
  Uses     clock, step, session, ring, lane, input, run, due, continuation, operation
  Upholds  O7, O8, O10, G10
  Clock    the store's
  Memory   refused
  Cost     O(1); O(100) where the limit is reached and some process is gone
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "bh", "follow", "settings")
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])
local registry = OPS.load(c, rows[4])
if not registry or registry.epochId ~= A.epochId then return { "ended" } end
local followers = live_followers(rows[5], c.t)

local known_operation = OPS.find(c, A.operationId)
if known_operation then
  if not OPS.has_request(known_operation, A.requestId) then return { "known", known_operation.status } end
  return OPS.append_ended({
    "registered", { unpack_row(encode_operation(known_operation)) }, OPS.outcome_of(c, known_operation), c.t, followers,
    c.head.cursor,
  }, c)
end
if not step(SESSION_ROWS, c.head.phase, "operations.open", "") then return { "refused", c.head.phase } end
local most = OPS.kept_limits(rows[6]).maxConcurrent
-- What nobody carries on any more must not stand in the way of what somebody would begin.
if most and registry.active >= most and OPS.any_lapsed(c) then OPS.strip_lapsed(c, registry.active) end
if most and registry.active >= most then return { "limit", most, registry.active } end

local operation = blank_operation()
registry.registered = registry.registered + 1
operation.status, operation.kind, operation.displayName = OPERATION_RULES.initial, A.kind, A.displayName
operation.childSessionId, operation.owner, operation.number = A.childSessionId, A.node, registry.registered
operation.createdAt = c.t
OPS.note_request(operation, A.requestId)
OPS.own(c, A.node, A.leaseMs)
OPS.join_active(c, A.operationId, operation)
OPS.save(c, A.operationId, operation)
OPS.keep(c)
commit(c)
return OPS.append_ended({
  "registered", { unpack_row(encode_operation(operation)) }, "", c.t, followers, c.head.cursor,
}, c)
