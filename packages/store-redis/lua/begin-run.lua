--[[
  begin-run: admit an input into a session that has no other work, and stage it alone, in one step.

  Keys session

  Constants
    node     text
    leaseMs  number
    graceMs  number

  Arguments
    member         text    the session in the bucket's indexes
    inputId        text
    keyedId        text    id derived from the idempotency key; empty without a key
    fingerprint    text
    isPrompt       flag
    isEphemeral    flag
    kind           number  place of its kind among the kinds, from 1
    correlationId  text    encoded; empty for none
    revision       number  of the settings the column was resolved with
    idle           text    column for a session at rest, as in admit-input
    payload        bytes   opaque
    claimId        text    random per call
    newRunId       text
    isStoreFull    flag    the server's memory is beyond the watermark

  Reply
    {"begun", admission, state, followers, cursor, batch...}
    {"active", runId}                            another input is; runId is empty when none is staged
    {"chores"}
    {"store_full"}
    {"deduplicated", existingId, admission, status, followers, cursor}
    {"mismatch", existingId}
    {"refused", phase}
    {"stale_settings", revision, settings}
    {"missing"}
    {"torn"}

  Raises   session input.admit, run.begin; input input.queue, input.coalesce, run.stage; run run.stage
  Uses     constants, clock, step, session, ring, lane, input, run, continuation, stage, due, standing, arrival, reply
  Upholds  L1, L3, L5, L6, L7, G1, G2, G7
  Clock    the store's
  Memory   refused
  Cost     O(1); O(log N) in sessions due in the bucket
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "follow")
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])
local hold, followers = c.hold, live_followers(rows[4], c.t)

local function begun(admission_number, loaded)
  local state = redis.call("HGET", K.session, "state") or ""
  return append_batch({ "begun", admission_number, state, followers, c.head.cursor }, c, loaded)
end

-- The same call again, while what it staged is current (L5). What it admitted may lie behind a boundary by then.
if hold and hold.claimId == A.claimId then
  local record = load_records(c, { A.inputId })[1]
  return begun(record.admission, reload_batch(c))
end
local known_id, known_record = find_known(c, A.inputId, A.keyedId)
if known_record and not SESSION_FINAL[c.head.phase] then
  return answer_known(c, { id = known_id, record = known_record, repeatedId = A.inputId, fingerprint = A.fingerprint,
    followers = followers })
end
local phase = step(SESSION_ROWS, c.head.phase, "input.admit", "")
if not phase or not step(SESSION_ROWS, phase, "run.begin", "0") then return { "refused", c.head.phase } end
if c.head.settingsRevision ~= A.revision then
  return { "stale_settings", c.head.settingsRevision, redis.call("HGET", K.session, "settings") }
end
if hold or c.head.queued + c.head.scheduled > 0 then return { "active", hold and hold.runId or "" } end
if has_chores(c) then return { "chores" } end
if A.isStoreFull then return { "store_full" } end

local column, record = decode_column(A.idle), blank_record()
record.admission, record.fingerprint, record.status = c.head.admitted + 1, A.fingerprint, INPUT_INITIAL
record.policy, record.lane, record.boundary = column.policy, column.lane, column.boundary
record.isPrompt, record.isEphemeral, record.isWaking = A.isPrompt, A.isEphemeral, true
record.generation, record.admittedAt, record.kind, record.correlationId = c.head.generation, c.t, A.kind, A.correlationId
c.head.admitted = record.admission
emit(c, "input.admitted|" .. A.inputId .. "|" .. record.admission, nil, record.correlationId)
record.cursor = c.head.cursor
assign_place(c, record)
move_input(c, A.inputId, record, "input.queue")
wake_queued(c)
local stored = A.inputId .. " " .. A.payload
write(c, format("p%d", record.admission), stored)
if A.keyedId ~= "" and A.keyedId ~= A.inputId then write(c, "k" .. A.keyedId, A.inputId) end

local entry = blank_entry()
entry.inputId, entry.boundary, entry.lane, entry.place = A.inputId, record.boundary, record.lane, record.place
local loaded = { { id = A.inputId, record = record, payload = stored } }
stage_loaded(c, { entry }, loaded, { id = A.claimId, newRunId = A.newRunId, node = A.node, lease = A.leaseMs, meta = K.meta })
c.head.epoch, c.head.sweeps = c.head.epoch + 1, 0
index_due(c, K.due, A.member, c.hold.leaseUntil + A.graceMs)
commit(c)
return begun(record.admission, loaded)
