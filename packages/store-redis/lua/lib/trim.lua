-- Steps of the chore that trims what is over; each takes at most a batch.

local function trim_events(c, chore)
  local head = c.head
  local till, fields = math.min(chore.from, head.trimmedEvents + SCRIPT_BATCH), {}
  for cursor = head.trimmedEvents + 1, till do fields[#fields + 1] = format("e%d", cursor) end
  local rows = fetch(c, fields)
  for i = 1, #fields do
    -- Every run has begun with an event; one that left no receipt goes with the last of its beginnings.
    local run_id = rows[i] and string.match(rows[i], "^[^|]*|run%.started|([^|]*)|")
    local raw = run_id and fetch(c, { "u" .. run_id })[1]
    local run = raw and decode_run(raw)
    if run and RUN_FINAL[run.status] and run.positions == "" then remove(c, "u" .. run_id) end
    remove(c, fields[i])
  end
  head.trimmedEvents = till
end

-- An input that is over and that nobody has to decide about. What a key named is forgotten with it.
local function trim_input(c, id, record)
  if not INPUT_FINAL[record.status] or record.letter > 0 then return false end
  remove(c, "i" .. id)
  remove(c, format("p%d", record.admission))
  if record.detail ~= "" then remove(c, format("f%d", record.admission)) end
  if record.keyedId ~= "" then remove(c, "k" .. record.keyedId) end
  return true
end

-- Inputs that live are passed, and looked at again by later chores.
local function pass_input(c, id)
  put(c, format("t%d", c.head.leftTo), id)
  c.head.leftTo = c.head.leftTo + 1
end

local function trim_inputs(c, chore)
  local head = c.head
  local till, fields = math.min(chore.to, head.trimmedInputs + SCRIPT_BATCH), {}
  for admission = head.trimmedInputs + 1, till do fields[#fields + 1] = format("p%d", admission) end
  for _, payload in ipairs(redis.call("HMGET", c.key, unpack(fields))) do
    local id = payload and string.match(payload, "^(%S+) ")
    local raw = id and redis.call("HGET", c.key, "i" .. id)
    if raw and not trim_input(c, id, decode_record(raw)) then pass_input(c, id) end
  end
  head.trimmedInputs = till
end

local function trim_passed(c, chore)
  local head = c.head
  local till = math.min(chore.steerTo, head.leftFrom + SCRIPT_BATCH)
  for n = head.leftFrom, till - 1 do
    local field = format("t%d", n)
    local id = redis.call("HGET", c.key, field)
    local raw = id and redis.call("HGET", c.key, "i" .. id)
    remove(c, field)
    if raw and not trim_input(c, id, decode_record(raw)) then pass_input(c, id) end
  end
  head.leftFrom = till
end

local function has_any(c, ids)
  local fields = {}
  for i = 1, #ids do fields[i] = "i" .. ids[i] end
  for _, raw in ipairs(redis.call("HMGET", c.key, unpack(fields))) do
    if raw then return true end
  end
  return false
end

-- A receipt goes when the last of its contributors has gone, and not before the one before it; with it its output, and
-- its run. The last one that went stays as a row: the first that is kept is chained to it. Answers whether some went.
local function trim_receipts(c)
  local head, looked = c.head, 0
  while head.trimmedReceipts < head.position and looked < SCRIPT_BATCH do
    local position = head.trimmedReceipts + 1
    local receipt = decode_receipt(redis.call("HGET", c.key, format("r%d", position)))
    local ids = split(receipt.contributors)
    if #ids > 0 and has_any(c, ids) then break end
    looked = looked + 1 + #ids
    local raw = redis.call("HGET", c.key, "u" .. receipt.runId)
    local run = raw and decode_run(raw)
    local is_last = run and RUN_FINAL[run.status] and string.match(run.positions, "(%d+)$") == format("%d", position)
    if is_last then remove(c, "u" .. receipt.runId) end
    remove(c, format("o%d", position))
    remove(c, format("r%d", head.trimmedReceipts))
    head.trimmedReceipts = position
  end
  return looked > 0
end

-- One step; answers whether nothing is left to trim.
local function trim(c, chore)
  local head = c.head
  if head.trimmedEvents < chore.from then
    trim_events(c, chore)
  elseif head.trimmedInputs < chore.to then
    trim_inputs(c, chore)
  elseif head.leftFrom < chore.steerTo then
    trim_passed(c, chore)
  elseif not trim_receipts(c) then
    return true
  end
  return false
end
