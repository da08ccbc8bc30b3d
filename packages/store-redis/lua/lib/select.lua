-- Selects the next batch (L2). `offer` = { maxInputs, maxBytes, executors, batching, ranges, declined }, and the id
-- that a new run would get.

-- Whether a list of the form `,name,name,` has a name.
local function contains(list, name)
  return string.find(list, "," .. name .. ",", 1, true) ~= nil
end

-- What a worker would take, as it sends it.
local decode_offer = remembered(function(text)
  local inputs, bytes, executors, batching, ranges, declined =
    string.match(text, "^(%d+)|(%d+)|(,[^|]*,)|(,[^|]*,)|(,[^|]*,)|([^|]*)$")
  return {
    maxInputs = tonumber(inputs), maxBytes = tonumber(bytes), executors = executors, batching = batching,
    ranges = ranges, declined = declined,
  }
end)

-- Whether a worker may run the session: "yes", "no", or "undecided" when it hosts the executor and has not said whether
-- its version lies in the session's range.
local function hosting(c, offer)
  local head = c.head
  if not contains(offer.executors, head.executor) then return "no" end
  if head.versions == "" then return "yes" end
  local range = head.executor .. "@" .. head.versions
  if contains(offer.ranges, range) then return "yes" end
  return offer.declined == range and "no" or "undecided"
end

local function promote_input(c, id)
  local record = load_records(c, { id })[1]
  set_later(c, id, false)
  c.head.scheduled = c.head.scheduled - 1
  record.isWaiting = false
  occupy(c, id, record)
  put(c, "i" .. id, encode_record(record))
  if record.isWaking then wake_queued(c) end
end

-- What waited for its time enters its lane: inputs at the place they were admitted to, runs at the end.
local function promote(c, later_key)
  if c.head.scheduled + c.head.timers == 0 then return end
  local ids = redis.call("ZRANGEBYSCORE", later_key, 0, c.t, "LIMIT", 0, SCRIPT_BATCH)
  for i = 1, #ids do
    if is_run_id(ids[i]) then resume_run(c, ids[i], load_run(c, ids[i])) else promote_input(c, ids[i]) end
  end
end

local function read_entry(raw, lane, place)
  local entry = decode_entry(raw)
  entry.lane, entry.place = lane, place
  return entry
end

-- The leading entries of a lane, at most `limit`; holes at the very front are left behind for good.
local function peek(c, lane, limit)
  local head, front = c.head, LANES[lane].front
  local first = head[front]
  local count = math.min(head[LANES[lane].back] - first, limit)
  if count <= 0 then return {} end
  local fields, entries = {}, {}
  for i = 1, count do fields[i] = lane .. (first + i - 1) end
  local rows = fetch(c, fields)
  for i = 1, count do
    if rows[i] then
      entries[#entries + 1] = read_entry(rows[i], lane, first + i - 1)
    elseif #entries == 0 then
      head[front] = first + i
    end
  end
  return entries
end

-- Whether an entry joins a new run that begins with another.
local function joins(first_entry, entry)
  if entry.runId ~= "" or entry.isSolo or entry.boundary ~= first_entry.boundary then return false end
  return first_entry.lane == "s" or entry.isPrompt == first_entry.isPrompt
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

local function batch_of(entries, max_inputs)
  local first_entry = entries[1]
  if first_entry.runId ~= "" then return members_of(first_entry.runId, entries) end
  local batch = { first_entry }
  for i = 2, math.min(#entries, max_inputs) do
    if not joins(first_entry, entries[i]) then break end
    batch[i] = entries[i]
  end
  return batch
end

-- The first entry of a lane. Holes at its front are rare, so most looks read one field. Inputs that
-- wait for their time leave long stretches of them; what is behind must not wait for one look after
-- the other, so a look goes far before it leaves the rest, and the session due, for the next.
local function first_of(c, lane)
  local place = c.head[LANES[lane].front]
  if place == c.head[LANES[lane].back] then return nil end
  local field = format("%s%d", lane, place)
  local raw = c.overlay and c.overlay[field]
  if raw == nil then raw = redis.call("HGET", c.key, field) end
  if raw then return read_entry(raw, lane, place) end
  return peek(c, lane, SCRIPT_BATCH)[1] or peek(c, lane, 1000)[1]
end

local function is_alone(entry, is_batching)
  if entry.runId ~= "" then return false end
  return entry.isSolo or (entry.lane == "q" and entry.isPrompt and not is_batching)
end

local LANE_ORDER = { "s", "q" }

-- The next batch by the rules of order, or nil and the time at which a blocked lane goes on.
local function select_batch(c, offer)
  if c.head.waking + c.head.continued == 0 then return nil end
  local blocked_until = nil
  for i = 1, #LANE_ORDER do
    local lane = LANE_ORDER[i]
    local entry = first_of(c, lane)
    if entry and entry.notBeforeAt > c.t then
      blocked_until = math.min(blocked_until or entry.notBeforeAt, entry.notBeforeAt)
      -- A run in progress that keeps strict order lets nothing pass.
      if entry.inputId == "" then return nil, blocked_until end
    elseif entry then
      if entry.inputId == "" then return { entry } end
      if is_alone(entry, contains(offer.batching, c.head.executor)) then return { entry } end
      return batch_of(peek(c, lane, SCRIPT_BATCH), offer.maxInputs)
    end
  end
  return nil, blocked_until
end

-- The time at which a blocked lane goes on, for a caller that would take nothing.
local NOTHING = { maxInputs = 1, maxBytes = 0, executors = ",,", batching = ",,", ranges = ",,", declined = "" }

local function blocked_time(c)
  return select(2, select_batch(c, NOTHING))
end
