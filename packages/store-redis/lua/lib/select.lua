-- Selects the next batch (L2). `offer` = { newRunId, maxInputs, maxBytes, isBatching }.

-- Whether a list of the form `,name,name,` has a name.
local function contains(list, name)
  return string.find(list, "," .. name .. ",", 1, true) ~= nil
end

-- Inputs whose time has come enter their lane, at the place they were admitted to.
local function promote(c, later_key)
  if c.h.scheduled == 0 then return end
  local ids = redis.call("ZRANGEBYSCORE", later_key, "-inf", c.t, "LIMIT", 0, 100)
  if #ids == 0 then return end
  local records = load_records(c, ids)
  for i = 1, #ids do
    local record = records[i]
    c.later[ids[i]] = false
    c.h.scheduled = c.h.scheduled - 1
    record.isWaiting = false
    occupy(c, ids[i], record)
    put(c, "i" .. ids[i], encode_record(record))
    if record.isWaking then wake_queued(c) end
  end
end

local function read_entry(raw, lane, place)
  local entry = decode_entry(raw)
  entry.lane, entry.place = lane, place
  return entry
end

-- The leading entries of a lane, at most `limit`; holes at the very front are left behind for good.
local function peek(c, lane, limit)
  local names = LANES[lane]
  local head = c.h[names.head]
  local count = math.min(c.h[names.tail] - head, limit)
  if count <= 0 then return {} end
  local fields, entries = {}, {}
  for i = 1, count do fields[i] = lane .. (head + i - 1) end
  local rows = fetch(c, fields)
  for i = 1, count do
    if rows[i] then
      entries[#entries + 1] = read_entry(rows[i], lane, head + i - 1)
    elseif #entries == 0 then
      c.h[names.head] = head + i
    end
  end
  return entries
end

-- Whether `entry` joins a new run that begins with `first`.
local function joins(first, entry)
  if entry.runId ~= "" or entry.isSolo or entry.boundary ~= first.boundary then return false end
  return first.lane == "s" or entry.isPrompt == first.isPrompt
end

-- A run that was staged before keeps its exact set, whatever the worker would take and whatever
-- stands between its members by now: an input whose time came returned to its place among them.
local function members_of(run_id, entries)
  local members = {}
  for _, entry in ipairs(entries) do
    if entry.runId == run_id then members[#members + 1] = entry end
  end
  return members
end

local function batch_of(entries, offer)
  if entries[1].runId ~= "" then return members_of(entries[1].runId, entries) end
  local batch = { entries[1] }
  for i = 2, math.min(#entries, offer.maxInputs) do
    if not joins(entries[1], entries[i]) then break end
    batch[i] = entries[i]
  end
  return batch
end

-- The first entry of a lane. Holes at its front are rare, so most looks read one field. Inputs that
-- wait for their time leave long stretches of them; what is behind must not wait for one look after
-- the other, so a look goes far before it leaves the rest, and the session due, for the next.
local function first_of(c, lane)
  local names = LANES[lane]
  local place = c.h[names.head]
  if place == c.h[names.tail] then return nil end
  local field = string.format("%s%d", lane, place)
  local raw = c.overlay[field]
  if raw == nil then raw = redis.call("HGET", c.key, field) end
  if raw then return read_entry(raw, lane, place) end
  return peek(c, lane, 100)[1] or peek(c, lane, 1000)[1]
end

local function is_alone(first, offer)
  if first.runId ~= "" then return false end
  return first.isSolo or (first.lane == "q" and first.isPrompt and not offer.isBatching)
end

local LANE_ORDER = { "s", "q" }

-- The next batch by the rules of order, or nil and the time at which a blocked lane goes on.
local function select_batch(c, offer)
  if c.h.waking == 0 then return nil end
  local blocked_until = nil
  for _, lane in ipairs(LANE_ORDER) do
    local first = first_of(c, lane)
    if first and first.notBeforeAt > c.t then
      blocked_until = math.min(blocked_until or first.notBeforeAt, first.notBeforeAt)
    elseif first then
      if is_alone(first, offer) then return { first } end
      return batch_of(peek(c, lane, 100), offer)
    end
  end
  return nil, blocked_until
end
