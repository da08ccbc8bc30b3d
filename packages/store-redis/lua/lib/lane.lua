-- The two lanes are rings of numbered fields: `s<place>` and `q<place>`. A place without a field is
-- a hole (staged, displaced, or waiting for its time) and is skipped once it reaches the front.
local LANES = { s = { head = "steerHead", tail = "steerTail" }, q = { head = "queueHead", tail = "queueTail" } }

-- An input counts as waking from its own admission on, or from that of a waking one after it.
local function count(c, record, by)
  c.h.queued = c.h.queued + by
  if record.isWaking or record.admission <= c.h.wokenThrough then c.h.waking = c.h.waking + by end
end

-- Puts an input at its place in the lane.
local function occupy(c, id, record)
  local names = LANES[record.lane]
  if record.place < c.h[names.head] then c.h[names.head] = record.place end
  put(c, record.lane .. record.place, encode_entry({
    inputId = id,
    admission = record.admission,
    isPrompt = record.isPrompt,
    isSolo = record.isSolo,
    boundary = record.boundary,
    runId = record.runId,
    notBeforeAt = record.notBeforeAt,
  }))
  count(c, record, 1)
end

-- Puts an input at its place, or, before its time, among those that wait.
local function occupy_or_wait(c, id, record)
  if record.notBeforeAt <= c.t then return occupy(c, id, record) end
  record.isWaiting = true
  c.later[id] = record.notBeforeAt
  c.h.scheduled = c.h.scheduled + 1
end

-- The place behind everything queued, or the one before it for an input that jumps the lane.
local function assign_place(c, record, is_front)
  local names = LANES[record.lane]
  if is_front then
    c.h[names.head] = c.h[names.head] - 1
    record.place = c.h[names.head]
  else
    record.place = c.h[names.tail]
    c.h[names.tail] = record.place + 1
  end
end

-- From now on everything admitted so far counts as woken.
local function wake_queued(c)
  c.h.wokenThrough = c.h.admitted
  c.h.waking = c.h.queued
end
