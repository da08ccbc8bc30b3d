--[[
  admit-input: record one input of a session, once, and say what to signal.

  Keys session

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
    revision      number  of the settings the columns were resolved with
    idle          text    column for a session at rest: lane|queue mode|isConsumed|signal|boundary|policy
    live          text    column for a session with a run in progress
    node          text    process that waits for the outcome; empty for none
    leaseMs       number
    sweepDelayMs  number
    payload       bytes   opaque

  Reply
    {"accepted", admission, isLive, status, signal, epoch, node, executor, displaced, followers, cursor}
    {"deduplicated", existingId, admission, status}
    {"mismatch", existingId}
    {"refused", phase}
    {"stale_settings", revision, settings}
    {"missing"}
    {"torn"}

  Raises   session input.admit, run.stage; input input.queue, input.consume_on_accept, input.supersede, input.coalesce
  Uses     clock, step, session, lane, input, due, admission
  Upholds  L1, L6, L7, G1, G7
  Clock    the store's
  Memory   refused
  Cost     O(1); O(log N) in sessions due in the bucket
]]
local c, keys, hold

-- The key first: the owner of a key has the id derived from it, or is named beside it.
local function find_known(rows)
  if rows[5] then return rows[5], decode_record(redis.call("HGET", K.session, "i" .. rows[5])) end
  if rows[7] then return A.keyedId, decode_record(rows[7]) end
  if rows[4] then return A.inputId, decode_record(rows[4]) end
end

-- Before the phase: a repeat of an admitted input gets its first answer whatever happened since (L1).
-- It writes one field, so that a caller can wait for replication of what it repeats.
local function answer_known(id, record)
  redis.call("HSET", K.session, "txn", "")
  if record.fingerprint ~= A.fingerprint then return { "mismatch", id } end
  return { "deduplicated", id, record.admission, current_status(c, record) }
end

local function new_record(column)
  return {
    admission = c.h.admitted, fingerprint = A.fingerprint, status = INPUT_INITIAL, policy = column.policy,
    isPrompt = A.isPrompt, isEphemeral = A.isEphemeral, isSolo = false, isWaking = A.isWaking, isWaiting = false,
    lane = column.lane, place = 0, boundary = column.boundary, runId = "", attempts = 0, failures = 0, losses = 0,
    notBeforeAt = A.notBeforeAt, generation = c.h.generation, nodes = A.node, position = 0, detail = "",
    admittedAt = c.t,
  }
end

local EFFECTS = {
  storeInput = function(_, column, record)
    if A.scope ~= "" then displace(c, column.mode, A.scope, A.inputId) end
    c.h.admitted = c.h.admitted + 1
    record = new_record(column)
    c.record = record
    emit(c, "input.admitted|" .. A.inputId .. "|" .. record.admission)
    if column.isConsumed then
      move_input(c, A.inputId, record, "input.consume_on_accept")
      emit(c, "input.consumed|" .. A.inputId)
    else
      assign_place(c, record, column.mode == "priority")
      move_input(c, A.inputId, record, "input.queue")
      if A.isWaking and not record.isWaiting then wake_queued(c) end
    end
    write(c, string.format("p%d", record.admission), A.inputId .. " " .. A.payload)
    if A.keyedId ~= "" and A.keyedId ~= A.inputId then write(c, "k" .. A.keyedId, A.inputId) end
  end,
  -- At rest only: a live hold is due by its lease, and looks before it lets go.
  indexDue = function()
    commit_later(c, K.later)
    if c.is_busy or INPUT_FINAL[c.record.status] or not may_stage(c) then return end
    local at = nil
    if c.record.isWaiting then at = A.notBeforeAt elseif c.h.waking > 0 then at = c.t + A.sweepDelayMs end
    if at then redis.call("ZADD", K.due, "LT", digits(at), A.member) end
  end,
}

local function signal_of(column)
  if c.h.executor == "" or c.record.isWaiting or column.signal == "none" then return "none" end
  if c.is_busy then return column.signal == "immediate" and "immediate" or "none" end
  return "wake"
end

local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "i" .. A.inputId, "k" .. A.keyedId, "follow",
  "i" .. A.keyedId)
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
c = open(K.session, now(), rows[1])
if rows[2] ~= "" then hold = decode_hold(rows[2]) end

local known_id, known = find_known(rows)
local phase, effects = step(SESSION_ROWS, c.h.phase, "input.admit", "")
if known and not SESSION_FINAL[c.h.phase] then return answer_known(known_id, known) end
if not phase then return { "refused", c.h.phase } end
if c.h.settingsRevision ~= A.revision then
  return { "stale_settings", c.h.settingsRevision, redis.call("HGET", K.session, "settings") }
end

c.is_busy = hold ~= nil and is_live(hold, c.t, A.leaseMs)
local column = decode_column(c.is_busy and A.live or A.idle)
perform(effects, EFFECTS, c, column)
c.h.phase = phase
commit(c)

local node = c.is_busy and hold.node or (c.t < c.h.warmUntil and c.h.warmNode or "")
return {
  "accepted", c.record.admission, bit(c.is_busy), c.record.status, signal_of(column), c.h.epoch, node,
  c.h.executor, c.settled, live_followers(rows[6], c.t), c.h.cursor,
}
