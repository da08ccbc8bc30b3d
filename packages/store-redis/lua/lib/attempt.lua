-- Ends an attempt that leaves its inputs undone: lost, failed or handed back.
-- `why` = { event, fact, counter, limit, isFinal, reason, failure, notBeforeAt }; the counter is a place.

local function is_spent(why, record)
  return why.isFinal or (why.counter ~= nil and record[why.counter] + 1 >= why.limit)
end

-- Members of a batch that failed once or was lost twice are tried one by one, under new runs; so are
-- those of a lost one of which some need not survive: a run belongs to exactly its set.
local function must_split(why, records, survivors)
  if #records < 2 or survivors == 0 or not why.counter then return false end
  local first_record = records[1]
  if why.counter == PLACE.record.failures or first_record.losses >= 1 then return true end
  for _, record in ipairs(records) do
    if record.isEphemeral then return true end
  end
  return false
end

-- The facts an input's event carries, in the order the machine declares.
local function attempt_bits(c, why, spent, is_continued)
  local bits = why.counter and bit(spent) or ""
  if why.event == "run.fail" then bits = bits .. bit(c.head.isHeld) end
  return bits .. bit(is_continued)
end

local function keep_failure(c, record, why)
  if why.failure then write(c, "f" .. record.admission, why.failure) end
end

local function end_input(c, id, record, why, cause, is_continued)
  local spent = is_spent(why, record)
  if spent then
    record.detail = why.reason
    keep_failure(c, record, why)
  elseif not is_continued then
    record.notBeforeAt, record.isWaking = why.notBeforeAt, true
  end
  move_input(c, id, record, why.event, attempt_bits(c, why, spent, is_continued))
  if spent then emit(c, "input.abandoned|" .. id .. "|" .. why.reason, cause, record.correlationId) end
end

-- What was applied under a receipt stays with its run, or is consumed when that ends.
local function end_applied(c, hold, records, why, is_over)
  for i, id in ipairs(split(hold.applied)) do
    local record = records[i]
    if is_over then
      record.detail = why.reason
      keep_failure(c, record, why)
    end
    move_input(c, id, record, why.event, attempt_bits(c, why, is_over, true))
  end
end

-- A lost attempt goes on before everything else; a failed one behind what is queued, unless the
-- session keeps strict order: then it holds both lanes up until its time.
local function park_attempt(c, hold, run, why)
  run.inputs = hold.staged
  run.staged, run.applied, run.boundary, run.suspension = hold.staged, hold.applied, hold.boundary, ""
  local is_behind = why.event == "run.fail" and not c.head.isHeld
  run.lane = is_behind and "q" or "s"
  park_run(c, hold.runId, run)
  if is_behind and why.notBeforeAt > c.t then
    time_run(c, hold.runId, run, why.notBeforeAt)
  else
    queue_run(c, hold.runId, run, not is_behind, why.notBeforeAt)
  end
end

-- Nobody kept the place of what was parked with its run: it goes to the end of its lane.
local function leave_parked(c, hold, record)
  if hold.isSteered and hold.attempt > 1 then assign_place(c, record) end
end

-- Ends an attempt of a run that goes on as a whole, until the budget of any of its inputs is spent.
local function end_continued(c, hold, records, why)
  local ids = split(hold.staged)
  local applied = hold.applied == "" and {} or load_records(c, split(hold.applied))
  local is_over, kept, left = false, {}, {}
  for i = 1, #applied do is_over = is_over or is_spent(why, applied[i]) end
  for i = 1, #ids do
    if is_spent(why, records[i]) then is_over = true else kept[#kept + 1], left[#left + 1] = ids[i], records[i] end
  end
  emit(c, why.fact .. "|" .. table.concat(kept, ","), hold.startedCursor, correlations_of(left))
  local cause, run = c.head.cursor, move_run(c, hold, why.event, why.counter and bit(is_over) or "")
  if is_over and #applied > 0 then
    emit(c, "run.exhausted|" .. hold.runId .. "|" .. hold.applied, cause, correlations_of(applied))
  end
  end_applied(c, hold, applied, why, is_over)
  for i = 1, #ids do
    local record = records[i]
    -- With budget left, what joined late is tried on its own.
    if is_over and not is_spent(why, record) then
      record.runId, record.isSolo = "", true
      leave_parked(c, hold, record)
    end
    end_input(c, ids[i], record, why, cause, not is_over)
  end
  if not is_over then park_attempt(c, hold, run, why) end
  put_run(c, hold.runId, run)
end

-- Whether the staged run was asked to end, and not only at its next boundary.
local function is_cancelled(hold)
  return hold.cancelMode ~= "" and hold.cancelMode ~= "boundary"
end

-- Ends a run without receipt and state; its inputs are not tried again.
local function roll_back(c, hold)
  local members = join(hold.applied, hold.staged)
  local ids = split(members)
  local records, run = load_records(c, ids), move_run(c, hold, "run.roll_back")
  run.inputs = hold.staged
  put_run(c, hold.runId, run)
  for i = 1, #ids do
    local record = records[i]
    record.detail = REASON.cancelled
    move_input(c, ids[i], record, "run.roll_back")
  end
  emit(c, "run.rolled_back|" .. hold.runId .. "|" .. hold.staged .. "|" .. hold.applied, hold.startedCursor, correlations_of(records))
end

local function end_attempt(c, hold, records, why)
  if is_cancelled(hold) then return roll_back(c, hold) end
  local ids, survivors, left = split(hold.staged), {}, {}
  for i = 1, #ids do
    if not is_spent(why, records[i]) then
      survivors[#survivors + 1], left[#left + 1] = ids[i], records[i]
    end
  end
  local is_split = must_split(why, records, #survivors)
  if hold.isSteered and (hold.applied ~= "" or (#survivors > 0 and not is_split)) then
    return end_continued(c, hold, records, why)
  end
  emit(c, why.fact .. "|" .. table.concat(survivors, ","), hold.startedCursor, correlations_of(left))
  local cause = c.head.cursor
  for i = 1, #ids do
    local record = records[i]
    if is_split and not is_spent(why, record) then
      record.runId, record.isSolo = "", true
      leave_parked(c, hold, record)
    end
    end_input(c, ids[i], record, why, cause, false)
  end
  local run = move_run(c, hold, why.event, why.counter and bit(#survivors == 0) or "")
  run.inputs = hold.staged
  if is_split then run.status = step(RUN_ROWS, run.status, "run.split", "") end
  put_run(c, hold.runId, run)
end

-- The holder died: every staged input is charged a loss and returns to its place (G6).
local function lose_attempt(c, max_losses)
  local hold = c.hold
  c.endedRun = hold.runId
  end_attempt(c, hold, hold.staged == "" and {} or load_records(c, split(hold.staged)), {
    event = "run.lose", fact = "run.lost|" .. hold.runId, counter = PLACE.record.losses, limit = max_losses,
    reason = REASON.executor_lost, notBeforeAt = 0,
  })
  set_hold(c, nil)
end
