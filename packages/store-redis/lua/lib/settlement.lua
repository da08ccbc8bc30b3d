-- How a staged attempt, or a boundary of it, ends by its holder's word. `settlement` = { event, result,
-- receipt, digest, state, output, data, detail, failure, contributors, ids, records, maxFailures };
-- the receipt has what only the worker knows.

-- What a failure says: when to try again, whether at all, and what went wrong.
local function decode_failure(text)
  local code, reason, retryable, explicit, delay, report = string.match(text, "^(.-)|(.-)|(.-)|(.-)|(.-)|(.*)$")
  return {
    code = code, reason = reason, isRetryable = retryable == "1", isExplicit = explicit == "1", delay = tonumber(delay),
    report = report,
  }
end

local function write_receipt(c, hold, run, settlement)
  local head, receipt = c.head, settlement.receipt
  local position = head.position + 1
  head.position, head.digest = position, settlement.digest
  run.sequence = hold.sequence
  run.positions = run.positions == "" and format("%d", position) or format("%s,%d", run.positions, position)
  run.inputs = ""
  receipt.runId, receipt.sequence, receipt.contributors = hold.runId, hold.sequence, settlement.contributors
  receipt.token, receipt.claimId, receipt.generation = hold.token, hold.claimId, head.generation
  receipt.result, receipt.digest, receipt.committedAt = settlement.result, settlement.digest, c.t
  write(c, format("r%d", position), encode_receipt(receipt))
  if settlement.state ~= "" then write(c, "state", settlement.state) end
  if settlement.output ~= "" then write(c, format("o%d", position), settlement.output) end
end

-- Moves inputs under the receipt that was just written.
local function move_under_receipt(c, ids, records, event, detail)
  for i = 1, #ids do
    local record = records[i]
    record.position = c.head.position
    if detail ~= "" then record.detail = detail end
    move_input(c, ids[i], record, event)
  end
end

-- Inputs that joined the run and are not part of its last boundary: they are run next.
local function give_back(c, hold, ids)
  local records = load_records(c, ids)
  for i = 1, #ids do
    local record = records[i]
    record.runId = ""
    leave_parked(c, hold, record)
    move_input(c, ids[i], record, "run.release", bit(false))
  end
end

local function settle_with_receipt(c, settlement)
  local hold, event = c.hold, settlement.event
  local run = move_run(c, hold, event)
  write_receipt(c, hold, run, settlement)
  put_run(c, hold.runId, run)
  move_under_receipt(c, settlement.ids, settlement.records, event, settlement.detail)
  local records = settlement.records
  if hold.isSteered then
    if hold.applied ~= "" then
      local applied_ids = split(hold.applied)
      local applied = load_records(c, applied_ids)
      move_under_receipt(c, applied_ids, applied, event, settlement.detail)
      for i = 1, #records do applied[#applied + 1] = records[i] end
      records = applied
    end
    local left = split(string.sub(hold.staged, #settlement.contributors + 1))
    if #left > 0 then give_back(c, hold, left) end
  end
  emit(c, event .. "|" .. hold.runId .. "|" .. c.head.position .. "|" .. settlement.contributors .. "|" .. settlement.detail
    .. "|" .. hold.applied,
    hold.startedCursor, correlations_of(records))
end

-- A boundary within a run: its inputs are applied, and end with the run.
local function write_boundary(c, settlement)
  local hold, event = c.hold, settlement.event
  local run = move_run(c, hold, event)
  write_receipt(c, hold, run, settlement)
  move_under_receipt(c, settlement.ids, settlement.records, event, "")
  emit(c, event .. "|" .. hold.runId .. "|" .. c.head.position .. "|" .. hold.staged, hold.startedCursor,
    correlations_of(settlement.records))
  if settlement.data ~= "" then put(c, "m" .. hold.runId, settlement.data) end
  local stream = hold.isStreamed and load_stream(c, hold.runId)
  if stream then
    stream.standing = stream.offset
    put(c, "l" .. hold.runId, encode_stream(stream))
  end
  hold.applied, hold.staged, hold.isSteered = join(hold.applied, hold.staged), "", true
  hold.sequence = hold.sequence + 1
  return run
end

-- Out of the head, until somebody answers, an operation ends or its time comes: `detail` is the time, a bar, and what it is suspended on.
local function suspend_run(c, settlement)
  local hold = c.hold
  local run = write_boundary(c, settlement)
  local at, suspension = string.match(settlement.detail, "^(.-)|(.*)$")
  run.applied, run.boundary, run.lane, run.suspension = hold.applied, hold.boundary, "s", suspension
  remove(c, "v" .. hold.runId)
  park_run(c, hold.runId, run)
  local timer_at, awaited_id = tonumber(at), OPS.awaited_by(run)
  local outcome = awaited_id and OPS.await(c, awaited_id, hold.runId)
  if outcome then put(c, "v" .. hold.runId, outcome) end
  if outcome or (timer_at and timer_at <= c.t) then return resume_run(c, hold.runId, run) end
  if timer_at then time_run(c, hold.runId, run, timer_at) end
  put(c, "u" .. hold.runId, encode_run(run))
end

-- First retry at once when it keeps nobody waiting; otherwise after the delay the worker computed.
local function retry_at(c, record, failure)
  local waits_for_nobody = c.head.isHeld or c.head.queued == 0
  if record.failures == 0 and waits_for_nobody and not failure.isExplicit then return 0 end
  return c.t + failure.delay
end

local function settle_undone(c, settlement)
  local hold, records = c.hold, settlement.records
  if settlement.event == "run.roll_back" then return roll_back(c, hold) end
  if settlement.event == "run.release" then
    end_attempt(c, hold, records, { event = settlement.event, fact = "run.released|" .. hold.runId, notBeforeAt = 0 })
    return
  end
  local failure = decode_failure(settlement.failure)
  end_attempt(c, hold, records, {
    event = settlement.event, fact = "run.failed|" .. hold.runId .. "|" .. failure.code,
    counter = PLACE.record.failures, limit = settlement.maxFailures,
    isFinal = not failure.isRetryable, reason = failure.reason, failure = failure.report,
    notBeforeAt = retry_at(c, records[1] or load_records(c, split(hold.applied))[1], failure),
  })
end

local SETTLE_EFFECTS = {
  clearRun = function(c, settlement)
    if settlement.event == "run.suspend" then
      if is_cancelled(c.hold) then roll_back(c, c.hold) else suspend_run(c, settlement) end
    elseif RECEIPT_RESULTS[settlement.result] then
      settle_with_receipt(c, settlement)
    else
      settle_undone(c, settlement)
    end
    set_hold(c, nil)
  end,
  indexDue = function() end, -- staging or letting go indexes the session
}
