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
local function attempt_bits(c, why, spent)
  if why.event == "run.fail" then return bit(spent) .. bit(c.head.isHeld) end
  return why.counter and bit(spent) or ""
end

local function end_input(c, id, record, why, cause)
  local spent = is_spent(why, record)
  if spent then record.detail = why.reason else record.notBeforeAt, record.isWaking = why.notBeforeAt, true end
  if spent and why.failure then write(c, "f" .. record.admission, why.failure) end
  move_input(c, id, record, why.event, attempt_bits(c, why, spent))
  if spent then emit(c, "input.abandoned|" .. id .. "|" .. why.reason, cause, record.correlationId) end
end

local function end_attempt(c, hold, records, why)
  local ids, survivors, left = split(hold.staged), {}, {}
  for i = 1, #ids do
    if not is_spent(why, records[i]) then
      survivors[#survivors + 1], left[#left + 1] = ids[i], records[i]
    end
  end
  emit(c, why.fact .. "|" .. table.concat(survivors, ","), hold.startedCursor, correlations_of(left))
  local cause = c.head.cursor
  local is_split = must_split(why, records, #survivors)
  for i = 1, #ids do
    local record = records[i]
    if is_split and not is_spent(why, record) then record.runId, record.isSolo = "", true end
    end_input(c, ids[i], record, why, cause)
  end
  local run = move_run(c, hold, why.event, why.counter and bit(#survivors == 0) or "")
  run.inputs = hold.staged
  if is_split then run.status = step(RUN_ROWS, run.status, "run.split", "") end
  put_run(c, hold.runId, run)
end

-- The holder died: every staged input is charged a loss and returns to its place (G6).
local function lose_attempt(c, max_losses)
  local hold = c.hold
  end_attempt(c, hold, load_records(c, split(hold.staged)), {
    event = "run.lose", fact = "run.lost|" .. hold.runId, counter = PLACE.record.losses, limit = max_losses,
    reason = REASON.executor_lost, notBeforeAt = 0,
  })
  set_hold(c, nil)
end
