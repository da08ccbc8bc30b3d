-- How a staged attempt ends by its holder's word. `settlement` = { event, result, receipt, digest,
-- state, output, failure, ids, records, maxFailures }; the receipt has what only the worker knows.

-- What a failure says: when to try again, whether at all, and what went wrong.
local function decode_failure(text)
  local code, retryable, explicit, delay, report = string.match(text, "^(.-)|(.-)|(.-)|(.-)|(.*)$")
  return { code = code, isRetryable = retryable == "1", isExplicit = explicit == "1", delay = tonumber(delay), report = report }
end

local function write_receipt(c, hold, run, settlement)
  local head, receipt = c.head, settlement.receipt
  local position = head.position + 1
  head.position, head.digest = position, settlement.digest
  run.sequence = hold.sequence
  run.positions = run.positions == "" and format("%d", position) or format("%s,%d", run.positions, position)
  run.inputs = ""
  receipt.runId, receipt.sequence, receipt.contributors = hold.runId, hold.sequence, hold.staged
  receipt.token, receipt.claimId, receipt.generation = hold.token, hold.claimId, head.generation
  receipt.result, receipt.digest, receipt.committedAt = settlement.result, settlement.digest, c.t
  write(c, format("r%d", position), encode_receipt(receipt))
  if settlement.state ~= "" then write(c, "state", settlement.state) end
  if settlement.output ~= "" then write(c, format("o%d", position), settlement.output) end
end

local function settle_with_receipt(c, settlement)
  local hold, event = c.hold, settlement.event
  local run = move_run(c, hold, event)
  write_receipt(c, hold, run, settlement)
  put_run(c, hold.runId, run)
  for i, id in ipairs(settlement.ids) do
    local record = settlement.records[i]
    record.position = c.head.position
    if event == "run.cancel" then record.detail = REASON.cancelled end
    move_input(c, id, record, event)
  end
  emit(c, event .. "|" .. hold.runId .. "|" .. c.head.position .. "|" .. hold.staged, hold.startedCursor,
    correlations_of(settlement.records))
end

-- First retry at once when it keeps nobody waiting; otherwise after the delay the worker computed.
local function retry_at(c, record, failure)
  local waits_for_nobody = c.head.isHeld or c.head.queued == 0
  if record.failures == 0 and waits_for_nobody and not failure.isExplicit then return 0 end
  return c.t + failure.delay
end

local function settle_undone(c, settlement)
  local hold, records = c.hold, settlement.records
  if settlement.event == "run.release" then
    end_attempt(c, hold, records, { event = settlement.event, fact = "run.released|" .. hold.runId, notBeforeAt = 0 })
    return
  end
  local failure = decode_failure(settlement.failure)
  end_attempt(c, hold, records, {
    event = settlement.event, fact = "run.failed|" .. hold.runId .. "|" .. failure.code, counter = PLACE.record.failures, limit = settlement.maxFailures,
    isFinal = not failure.isRetryable, reason = REASON.max_attempts_exhausted, failure = failure.report,
    notBeforeAt = retry_at(c, records[1], failure),
  })
end

local SETTLE_EFFECTS = {
  clearRun = function(c, settlement)
    if RECEIPT_RESULTS[settlement.result] then settle_with_receipt(c, settlement) else settle_undone(c, settlement) end
    set_hold(c, nil)
  end,
  indexDue = function() end, -- staging or letting go indexes the session
}
