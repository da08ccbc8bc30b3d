--[[
  trim-session: leave to a chore what a session keeps beyond its retention, by number and by age.

  Keys session

  Arguments
    member      text    the session in the bucket's indexes
    keepInputs  number
    keepEvents  number
    keepMs      number  since its admission; 0 for whatever its age

  Reply
    {"trimming", nextMs}   nextMs: until something else is too old; -1 for never
    {"kept", nextMs}
    {"missing"}

  Uses     clock, step, session, ring, lane, input, due
  Upholds  D59, G14
  Clock    the store's
  Memory   allowed
  Cost     O(log n) in the inputs and events of the session
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn")
local c = rows[1] and rows[3] == "" and open(K.session, now(), rows[1], rows[2])
if not c or SESSION_FINAL[c.head.phase] then return { "missing" } end
local head = c.head

local TIMES = {
  event = function(cursor)
    local raw = redis.call("HGET", K.session, format("e%d", cursor))
    return raw and tonumber(string.match(raw, "^%d+"))
  end,
  input = function(admission)
    local payload = redis.call("HGET", K.session, format("p%d", admission))
    local raw = payload and redis.call("HGET", K.session, "i" .. string.match(payload, "^(%S+) "))
    if not raw then return nil end
    local record = decode_record(raw)
    return record.admittedAt
  end,
}

-- The last one that is too old: none that came after one that is not, is. A hole says nothing, and is passed.
local function last_old(low, high, kind)
  if A.keepMs == 0 then return 0 end
  while low < high do
    local middle = math.ceil((low + high) / 2)
    local at = TIMES[kind](middle)
    if not at or at <= c.t - A.keepMs then low = middle else high = middle - 1 end
  end
  return low
end

local events = math.max(head.cursor - A.keepEvents, last_old(head.trimmedEvents, head.cursor, "event"), 0)
local inputs = math.max(head.admitted - A.keepInputs, last_old(head.trimmedInputs, head.admitted, "input"), 0)
local is_left = head.leftTo > head.leftFrom
local next_ms = -1
if A.keepMs > 0 then
  local first_at = TIMES.event(math.max(events, head.trimmedEvents) + 1)
  if first_at then next_ms = first_at + A.keepMs - c.t elseif is_left then next_ms = A.keepMs end
end
local is_more = events > head.trimmedEvents or inputs > head.trimmedInputs or is_left
if not is_more or has_chores(c) then return { "kept", next_ms } end
local chore = new_chore(c, "retain")
chore.from, chore.to, chore.steerTo = events, inputs, head.leftTo
add_chore(c, chore)
if not c.hold then index_due(c, K.due, A.member, c.t) end
commit(c)
return { "trimming", next_ms }
