-- The two lanes are rings of numbered fields: `s<place>` and `q<place>`. A place without a field is
-- a hole (staged, displaced, or waiting for its time) and is skipped once it reaches the front.
local LANES = {
  s = { front = PLACE.head.steerHead, back = PLACE.head.steerTail },
  q = { front = PLACE.head.queueHead, back = PLACE.head.queueTail },
}

-- An input counts as waking from its own admission on, or from that of a waking one after it.
local function count(c, record, by)
  local head = c.head
  head.queued = head.queued + by
  if record.isWaking or record.admission <= head.wokenThrough then head.waking = head.waking + by end
end

-- Puts an input at its place in the lane.
local function occupy(c, id, record)
  local head, lane = c.head, LANES[record.lane]
  if record.place < head[lane.front] then head[lane.front] = record.place end
  local entry = blank_entry()
  entry.inputId, entry.admission, entry.isPrompt, entry.isSolo = id, record.admission, record.isPrompt, record.isSolo
  entry.boundary, entry.runId, entry.notBeforeAt = record.boundary, record.runId, record.notBeforeAt
  put(c, format("%s%d", record.lane, record.place), encode_entry(entry))
  count(c, record, 1)
end

-- Puts an input at its place, or, before its time, among those that wait.
local function occupy_or_wait(c, id, record)
  if record.notBeforeAt <= c.t then return occupy(c, id, record) end
  local head = c.head
  record.isWaiting = true
  set_later(c, id, record.notBeforeAt)
  head.waitingFrom = head.scheduled > 0 and math.min(head.waitingFrom, record.place) or record.place
  head.scheduled = head.scheduled + 1
end

local function watch_expiry(c, id, record)
  if record.expiresAt == 0 then return end
  set_later(c, "x" .. id, record.expiresAt - EXPIRY_OFFSET)
  c.head.expiring = c.head.expiring + 1
end

-- What was staged once, or ended, does not expire any more.
local function forget_expiry(c, id, record)
  if record.expiresAt == 0 then return end
  set_later(c, "x" .. id, false)
  c.head.expiring = c.head.expiring - 1
  record.expiresAt = 0
end

-- The place behind everything queued in a lane, or the one before it and before what waits for its time.
local function next_place(c, name, is_front)
  local head, lane = c.head, LANES[name]
  if is_front then
    local front = head[lane.front]
    if head.scheduled > 0 then front = math.min(front, head.waitingFrom) end
    head[lane.front] = front - 1
    return front - 1
  end
  head[lane.back] = head[lane.back] + 1
  return head[lane.back] - 1
end

local function assign_place(c, record)
  record.place = next_place(c, record.lane)
end

-- From now on everything admitted so far counts as woken.
local function wake_queued(c)
  c.head.wokenThrough = c.head.admitted
  c.head.waking = c.head.queued
end
