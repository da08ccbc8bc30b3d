-- Effects of the input machine, each one data movement, and the step that performs them.

-- Notes that an input ended: six columns of the reply.
local function settle(c, id, record)
  local settled = c.settled
  local n = #settled
  settled[n + 1], settled[n + 2], settled[n + 3] = id, record.status, record.nodes
  settled[n + 4], settled[n + 5], settled[n + 6] = record.attempts, record.position, record.detail
end

-- The columns of an input that has no further use for them once it ended. The run it ended in stays
-- where no receipt names it.
local function clear_ended(record)
  record.nodes, record.notBeforeAt, record.boundary = "", 0, ""
  if record.position > 0 then record.runId = "" end
  record.expiresAt = 0
end

-- Lists an input as a dead letter, and its session among those of its bucket that have some. What raises the effect
-- says in the context where: `c.index`, `c.member`.
local function open_letter(c, id, record)
  local head = c.head
  head.deadLetters, head.openLetters = head.deadLetters + 1, head.openLetters + 1
  record.letter = head.deadLetters
  write(c, format("d%d", record.letter), id)
  if head.openLetters > 1 then return end
  mark(c)
  send(c, "ZADD", c.index, 0, "l " .. c.member)
end

local INPUT_EFFECTS = {
  enterLane = function(c, id, record)
    occupy_or_wait(c, id, record)
    watch_expiry(c, id, record)
  end,
  leaveLane = function(c, id, record)
    forget_expiry(c, id, record)
    if record.isWaiting then
      set_later(c, id, false)
      c.head.scheduled = c.head.scheduled - 1
      record.isWaiting = false
    else
      remove(c, format("%s%d", record.lane, record.place))
      count(c, record, -1)
    end
  end,
  countAttempt = function(_, _, record) record.attempts = record.attempts + 1 end,
  countFailure = function(_, _, record) record.failures = record.failures + 1 end,
  countLoss = function(_, _, record) record.losses = record.losses + 1 end,
  returnToPlace = function(c, id, record) occupy(c, id, record) end,
  moveBehind = function(c, id, record)
    assign_place(c, record)
    occupy_or_wait(c, id, record)
  end,
  recordOutcome = function(c, id, record)
    settle(c, id, record)
    clear_ended(record)
  end,
  deadLetter = function(c, id, record) open_letter(c, id, record) end,
}

-- Whether it is counted among those that a rebuilt session does without.
local function is_passing(record)
  return record.isEphemeral and step(INPUT_ROWS, record.status, "input.drop", "") ~= nil
end

-- Moves one input and collects its row. Raises when the machine refuses: callers validate first.
local function move_input(c, id, record, event, bits)
  local status, effects = step(INPUT_ROWS, record.status, event, bits or "")
  if not status then error("input " .. id .. " refuses " .. event) end
  if is_passing(record) then c.head.passing = c.head.passing - 1 end
  record.status, record.changedAfterMs = status, c.t - record.admittedAt
  if is_passing(record) then c.head.passing = c.head.passing + 1 end
  perform(effects, INPUT_EFFECTS, c, id, record)
  -- What ended is moved no more, and what is staged not before the next script. Those of an attempt
  -- that a verb ended are read again, because it counts what became of them.
  local is_counted = event == "run.lose" or event == "run.roll_back"
  collect(c, "i" .. id, encode_record(record), not is_counted and INPUT_FINAL[status] or event == "run.stage")
end

local function split(list)
  if list ~= "" and not string.find(list, ",", 1, true) then return { list } end
  local items = {}
  for item in string.gmatch(list, "[^,]+") do items[#items + 1] = item end
  return items
end

local function load_records(c, ids)
  if #ids == 0 then return {} end
  local fields = {}
  for i = 1, #ids do fields[i] = "i" .. ids[i] end
  local rows = fetch(c, fields)
  for i = 1, #ids do rows[i] = decode_record(rows[i]) end
  return rows
end

-- The chore that goes on where a batch ends; of the generation that is current.
local function new_chore(c, kind)
  local chore = blank_chore()
  chore.kind, chore.generation, chore.cursor = kind, c.head.generation, "0"
  return chore
end

local function add_chore(c, chore)
  local head = c.head
  put(c, "x" .. head.choresTail, encode_chore(chore))
  head.choresTail = head.choresTail + 1
end

-- Ends an input because another takes its place or carries its content; `cause` is the fact it follows from.
local function displace_by(c, id, record, event, by, cause)
  record.detail = by
  move_input(c, id, record, event)
  emit(c, event .. "|" .. id .. "|" .. by, cause, record.correlationId)
end

local DISPLACE = { supersede = "input.supersede", coalesce = "input.coalesce", debounce = "input.supersede" }

-- What the inputs of a fact are correlated with: nothing, one for all, or one each.
local function correlations_of(records)
  local first_record, is_any, is_same, list = records[1], false, true, {}
  for i = 1, #records do
    local record = records[i]
    list[i] = record.correlationId
    if list[i] ~= "" then is_any = true end
    if list[i] ~= first_record.correlationId then is_same = false end
  end
  if not is_any then return "" end
  return is_same and list[1] or table.concat(list, ",")
end

-- The input that a new one takes the place of, if it still waits (same scope, same generation).
local function find_displaced(c, mode, scope)
  local event = DISPLACE[mode]
  local old_id = event and redis.call("HGET", c.key, "c" .. scope)
  -- The latest of a scope may have been trimmed.
  if not old_id or redis.call("HEXISTS", c.key, "i" .. old_id) == 0 then return nil end
  local old_record = load_records(c, { old_id })[1]
  if old_record.generation ~= c.head.generation or not step(INPUT_ROWS, old_record.status, event, "") then return nil end
  return old_id, old_record
end

local function displace(c, mode, scope, by, cause)
  local old_id, old_record = find_displaced(c, mode, scope)
  keep_scope(c, scope, by)
  if old_id then displace_by(c, old_id, old_record, DISPLACE[mode], by, cause) end
  return old_record
end

-- Ends what is queued of a kind in a stretch of a lane; the stretch is at most a batch.
-- `chore` = { cursor (the lane), inputKind, successor, cause }, a row or what becomes one.
local function replace_stretch(c, chore, from, till)
  if till <= from then return end
  local fields, ids = {}, {}
  for place = from, till - 1 do fields[#fields + 1] = format("%s%d", chore.cursor, place) end
  for _, raw in ipairs(fetch(c, fields)) do
    if raw then
      local entry = decode_entry(raw)
      if entry.inputId ~= "" then ids[#ids + 1] = entry.inputId end
    end
  end
  if #ids == 0 then return end
  for i, record in ipairs(load_records(c, ids)) do
    if record.kind == chore.inputKind and record.generation == c.head.generation then
      displace_by(c, ids[i], record, "input.supersede", chore.successor, chore.cause)
    end
  end
end

-- Ends what is queued of a kind in a lane: a batch at once, the rest as a chore, before which nothing is staged.
local function replace_queued(c, prefix, new_record, by)
  local head, lane = c.head, LANES[prefix]
  local chore = new_chore(c, "replace")
  chore.cursor, chore.from, chore.to = prefix, head[lane.front], head[lane.back]
  chore.inputKind, chore.successor, chore.cause = new_record.kind, by, new_record.cursor
  local till = math.min(chore.to, chore.from + SCRIPT_BATCH)
  replace_stretch(c, chore, chore.from, till)
  chore.from = till
  if till < chore.to then add_chore(c, chore) end
end

-- Ends those that were not staged in time, at most a batch of them.
local function expire(c, later_key, members)
  for i = 1, math.min(#members, SCRIPT_BATCH) do
    local id = string.sub(members[i], 2)
    local record = load_records(c, { id })[1]
    -- Of an ended generation its chore takes care.
    if record.generation == c.head.generation and step(INPUT_ROWS, record.status, "input.abandon", "") then
      record.detail = REASON.expired
      move_input(c, id, record, "input.abandon")
      emit(c, "input.abandoned|" .. id .. "|" .. REASON.expired, nil, record.correlationId)
    end
  end
  -- One that waited for its time must not be found among those whose time has come.
  commit_later(c, later_key)
end
