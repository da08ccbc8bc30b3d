-- Whether one more input waits once this one is admitted: not if it is over at once, or ends another that waits.
local function adds_pending(c, admission)
  local column = admission.column
  if column.isConsumed or admission.merge or column.mode == "replace" then return false end
  return admission.scope == "" or find_displaced(c, column.mode, admission.scope) == nil
end

-- How long a debounced input waits, and its series at most.
local decode_debounce = remembered(function(text)
  local window, most = string.match(text, "^(%d+)|(%d+)$")
  return { window = tonumber(window), most = tonumber(most) }
end)

-- The queued input that a new one of a scope may be merged with: not tried yet, and waiting for nothing.
local function find_mergeable(c, scope, lane)
  local id = redis.call("HGET", c.key, "c" .. scope)
  if not id or redis.call("HEXISTS", c.key, "i" .. id) == 0 then return nil end
  local record = load_records(c, { id })[1]
  local is_open = record.generation == c.head.generation and step(INPUT_ROWS, record.status, "input.coalesce", "")
  if not is_open or record.attempts > 0 or record.isWaiting or record.lane ~= lane then return nil end
  return id, record
end

-- What the sender must know before it can merge: the input in question, unless it has seen it or declines to.
local function merge_question(c, admission, aggregate)
  local column = admission.column
  if column.mode ~= "merge" or aggregate == "none" then return nil end
  local id, record = find_mergeable(c, admission.scope, column.lane)
  if not id then return nil end
  local expected, aggregate_id, payload = string.match(aggregate, "^(%S+) (%S+) (.*)$")
  if expected ~= id then return { "mergeable", id, redis.call("HGET", c.key, format("p%d", record.admission)) } end
  admission.merge = { id = id, record = record, aggregateId = aggregate_id, payload = payload }
end

-- The content of the queued input and of the new one goes on as a third; both end as its sources.
local function store_aggregate(c, admission, record)
  local merge, head, column = admission.merge, c.head, admission.column
  local old_record, by, cause = merge.record, merge.aggregateId, record.cursor
  record.detail = by
  move_input(c, admission.id, record, "input.aggregate")
  emit(c, "input.coalesce|" .. admission.id .. "|" .. by, cause, record.correlationId)
  displace_by(c, merge.id, old_record, "input.coalesce", by, cause)
  local joint_record = blank_record()
  head.admitted = head.admitted + 1
  joint_record.admission, joint_record.status, joint_record.generation = head.admitted, INPUT_INITIAL, head.generation
  joint_record.policy, joint_record.lane, joint_record.boundary = column.policy, column.lane, column.boundary
  joint_record.isPrompt, joint_record.isEphemeral, joint_record.kind = record.isPrompt, record.isEphemeral, record.kind
  joint_record.isWaking = record.isWaking or old_record.isWaking
  joint_record.expiresAt, joint_record.admittedAt = admission.expiresAt, c.t
  joint_record.correlationId = record.correlationId
  emit(c, "input.admitted|" .. by .. "|" .. head.admitted, cause, record.correlationId)
  joint_record.cursor = head.cursor
  assign_place(c, joint_record)
  move_input(c, by, joint_record, "input.queue")
  if joint_record.isWaking then wake_queued(c) end
  write(c, format("p%d", head.admitted), by .. " " .. merge.payload)
  write(c, "c" .. admission.scope, by)
end

-- A debounced input waits for its window, restarted by every newer one of the series until the longest wait is over.
local function debounce(c, admission, record, old_record)
  local times = decode_debounce(admission.debounce)
  local is_series = old_record and old_record.debouncedAt > 0
  record.debouncedAt = is_series and old_record.debouncedAt or c.t
  record.notBeforeAt = math.max(record.notBeforeAt, math.min(c.t + times.window, record.debouncedAt + times.most))
end

-- Ends what the new input takes the place of.
local function make_room(c, admission, record)
  local id, column = admission.id, admission.column
  local old_record
  if admission.scope ~= "" then old_record = displace(c, column.mode, admission.scope, id, record.cursor) end
  if column.mode == "replace" then replace_queued(c, column.lane, record, id) end
  if column.mode == "debounce" then debounce(c, admission, record, old_record) end
end

-- The place before everything that is queued, or that may come back to its own: what is staged, what waits for a time.
local function place_in_front(c, record)
  local head, lane = c.head, LANES[record.lane]
  local front = head[lane.front]
  if head.scheduled > 0 then front = math.min(front, head.waitingFrom) end
  for _, staged_record in ipairs(load_records(c, split(c.hold and c.hold.staged or ""))) do
    if staged_record.lane == record.lane then front = math.min(front, staged_record.place) end
  end
  record.place = front - 1
  head[lane.front] = record.place
end

local function store_queued(c, admission, record)
  local id, column = admission.id, admission.column
  -- What ends a run runs alone: the next one that does goes before it.
  record.isSolo = column.whenBusy == "interrupt" or column.whenBusy == "rollback"
  if column.mode == "priority" then place_in_front(c, record) else assign_place(c, record) end
  move_input(c, id, record, "input.queue")
  if record.isWaking and not record.isWaiting then wake_queued(c) end
end

-- Asks the run in progress to end, for a policy that does; its holder learns it from the reply, or when it renews.
local function ask_to_end(c, mode)
  local hold = c.hold
  if mode == "none" or mode == "refuse" or not hold then return end
  local phase, effects = step(SESSION_ROWS, c.head.phase, "control.interrupt", "1")
  if not phase then return end
  perform(effects, {
    requestCancel = function()
      raise_cancel(c, mode)
      c.abortNode, c.abortRunId, c.abortMode = hold.node, hold.runId, hold.cancelMode
    end,
  })
end

-- `admission` = { id, keyedId, scope, payload, column, debounce, merge, expiresAt, later, due, member,
-- sweepDelay, letter }.
local ADMIT_EFFECTS = {
  storeInput = function(c, admission, record)
    local id, column = admission.id, admission.column
    c.head.admitted = record.admission
    emit(c, "input.admitted|" .. id .. "|" .. record.admission .. (column.isConsumed and "|1" or ""), nil,
      record.correlationId)
    record.cursor = c.head.cursor
    if admission.letter then
      close_letter(c, record.redriveOf, admission.letter, id)
      emit(c, "input.redriven|" .. record.redriveOf .. "|" .. id, record.cursor, record.correlationId)
    end
    if not admission.merge then make_room(c, admission, record) end
    if column.isConsumed then
      move_input(c, id, record, "input.consume_on_accept")
    elseif admission.merge then
      store_aggregate(c, admission, record)
    else
      store_queued(c, admission, record)
    end
    write(c, format("p%d", record.admission), id .. " " .. admission.payload)
    if admission.keyedId ~= "" and admission.keyedId ~= id then write(c, "k" .. admission.keyedId, id) end
    ask_to_end(c, column.whenBusy)
  end,
  -- At rest only: a live hold is due by its lease, and looks before it lets go.
  indexDue = function(c, admission, record)
    commit_later(c, admission.later)
    if c.is_busy then return end
    local at = has_chores(c) and c.t or nil
    if may_stage(c) then
      if record.isWaiting then
        at = earliest(at, record.notBeforeAt)
      elseif c.head.waking > 0 and (admission.merge or not INPUT_FINAL[record.status]) then
        at = earliest(at, c.t + admission.sweepDelay)
      end
    end
    if admission.expiresAt > 0 then at = earliest(at, admission.expiresAt) end
    if at then redis.call("ZADD", admission.due, "LT", digits(at), admission.member) end
  end,
}

-- The holder of a run in progress is told that an input asks for attention; its lease renewal says so
-- too, in case the message is lost.
local function ask_attention(c)
  if not c.hold or c.hold.isAttentionAsked then return end
  c.hold.isAttentionAsked = true
  set_hold(c, c.hold)
end

local function signal_of(c, column, record)
  if c.head.executor == "" or record.isWaiting or column.signal == "none" then return "none" end
  if c.is_busy and column.signal ~= "immediate" then return "none" end
  return column.signal
end
