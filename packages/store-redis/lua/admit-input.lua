--[[
  admit-input: record one input of a session, once, and say what to signal.

  Keys session

  Constants
    sweepDelayMs  number
    keepInputs    number  terminal inputs that are kept
    keepEvents    number

  Arguments
    member        text    the session in the bucket's indexes
    inputId       text
    keyedId       text    id derived from the idempotency key; empty without a key
    fingerprint   text
    isPrompt      flag
    isEphemeral   flag
    isWaking      flag    wakes a session at rest
    scope         text    displaces an older queued input of this scope; empty for none
    notBeforeAt   number  epoch ms; 0 for at once
    expiresAt     number  epoch ms; 0 for never
    kind          number  place of its kind among the kinds, from 1
    debounce      text    window|longest wait, in ms; empty without
    aggregate     bytes   what it is merged into: queued input, a space, id, a space, payload; "none" to decline
    revision      number  of the settings the columns were resolved with
    idle          text    column for a session at rest: lane|queue mode|isConsumed|signal|boundary|whenBusy|policy
    live          text    column for a session with a run in progress
    node          text    process that waits for the outcome; empty for none
    correlationId text    percent-encoded; empty for none
    redriveOf     text    dead letter that this input is made of; empty for none
    toldThrough   number  completions of detached work it tells of: admitted only while that is owed; 0 for any other
    maxPending    number  inputs that may be queued or wait for a time; 0 for no bound
    isStoreFull   flag    the server's memory is beyond the watermark
    payload       bytes   opaque

  Reply
    {"accepted", admission, isLive, status, signal, epoch, node, executor, followers, cursor, abortNode, abortRunId,
      abortMode, mergedInto, settled...}
    {"busy", runId}                      refused by its overlap policy; runId is empty for queued work
    {"mergeable", queuedId, payload}     nothing written: the sender merges the two, or declines
    {"deduplicated", existingId, admission, status, followers, cursor}
    {"mismatch", existingId}
    {"refused", phase}
    {"session_full", pending}            as many inputs wait as may, and it takes the place of none
    {"store_full"}
    {"not_owed"}                         somebody else told, or there is other work to be done first
    {"stale_settings", revision, settings}
    {"not_dead_letter", redrivenBy}    it ended otherwise, or was redriven or discarded before
    {"missing"}
    {"torn"}

  Raises   session input.admit, run.stage, control.interrupt; input input.queue, input.consume_on_accept, input.supersede, input.coalesce, input.aggregate
  Uses     constants, clock, step, session, ring, lane, input, run, due, continuation, operation, retention, standing, arrival, letter, cancel, admission, reply
  Upholds  L1, L6, L7, G1, G7, G14
  Clock    the store's
  Memory   refused
  Cost     O(1); O(log N) in sessions due in the bucket
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "i" .. A.inputId, "k" .. A.keyedId, "follow",
  "i" .. A.keyedId)
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])

-- The key before the phase: a repeat of an admitted input gets its first answer whatever happened
-- since (L1). The owner of a key has the id derived from it, or is named beside it.
local known_id, known_record = A.inputId, rows[4]
if rows[5] then
  known_id, known_record = rows[5], redis.call("HGET", K.session, "i" .. rows[5])
elseif rows[7] then
  known_id, known_record = A.keyedId, rows[7]
end
local phase, effects = step(SESSION_ROWS, c.head.phase, "input.admit", "")
if known_record and not SESSION_FINAL[c.head.phase] then
  return answer_known(c, { id = known_id, record = decode_record(known_record), repeatedId = A.inputId,
    fingerprint = A.fingerprint, followers = live_followers(rows[6], c.t) })
end
if not phase then return { "refused", c.head.phase } end
if c.head.settingsRevision ~= A.revision then
  return { "stale_settings", c.head.settingsRevision, redis.call("HGET", K.session, "settings") }
end
if A.toldThrough > 0 and not owes_wake(c) then return { "not_owed" } end
-- What tells of detached work is part of finishing what is there.
if A.isStoreFull and A.toldThrough == 0 then return { "store_full" } end

local letter_record = nil
if A.redriveOf ~= "" then
  local raw = redis.call("HGET", K.session, "i" .. A.redriveOf)
  letter_record = raw and decode_record(raw)
  if not raw or letter_record.letter == 0 then return { "not_dead_letter", raw and letter_record.redrivenBy or "" } end
  c.index, c.member = K.index, A.member
end
c.is_busy = c.hold ~= nil and is_live(c.hold, c.t)
local column = decode_column(c.is_busy and A.live or A.idle)
if column.whenBusy == "refuse" and (c.hold or c.head.waking > 0) then return { "busy", c.hold and c.hold.runId or "" } end
local admission = {
  id = A.inputId, keyedId = A.keyedId, scope = A.scope, payload = A.payload, column = column, later = K.later, due = K.due,
  member = A.member, sweepDelay = A.sweepDelayMs, debounce = A.debounce, expiresAt = A.expiresAt,
  letter = letter_record,
}
local question = merge_question(c, admission, A.aggregate)
if question then return question end
if A.maxPending > 0 and c.head.queued + c.head.scheduled >= A.maxPending and adds_pending(c, admission) then
  return { "session_full", c.head.queued + c.head.scheduled }
end

local record = blank_record()
record.admission, record.fingerprint, record.status = c.head.admitted + 1, A.fingerprint, INPUT_INITIAL
record.policy, record.lane, record.boundary = column.policy, column.lane, column.boundary
record.isPrompt, record.isEphemeral, record.isWaking = A.isPrompt, A.isEphemeral, A.isWaking
record.notBeforeAt, record.generation, record.nodes, record.admittedAt = A.notBeforeAt, c.head.generation, A.node, c.t
record.correlationId, record.redriveOf = A.correlationId, A.redriveOf
record.kind, record.expiresAt, record.isTelling = A.kind, A.expiresAt, A.toldThrough > 0
record.keyedId = A.keyedId ~= A.inputId and A.keyedId or ""
retain(c, { inputs = A.keepInputs, events = A.keepEvents })
perform(effects, ADMIT_EFFECTS, c, admission, record)
c.head.phase = phase
if record.isTelling then OPS.note_told(c) end
local signal = signal_of(c, column, record)
if signal == "immediate" then ask_attention(c) end
commit(c)

local node = c.is_busy and c.hold.node or (c.t < c.head.warmUntil and c.head.warmNode or "")
return append_settled({
  "accepted", record.admission, bit(c.is_busy), record.status, signal, c.head.epoch, node,
  c.head.executor, live_followers(rows[6], c.t), c.head.cursor, c.abortNode or "", c.abortRunId or "",
  c.abortMode or "", admission.merge and admission.merge.aggregateId or "",
}, c)
