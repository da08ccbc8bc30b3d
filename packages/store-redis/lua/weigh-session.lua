--[[
  weigh-session: what a batch of the inputs or events of a session takes, latest first.

  Keys session

  Arguments
    isInputs  flag    its inputs; its events otherwise
    before    number  those before this one; 0 for the latest
    rowBytes  number  for the rows of each

  Reply
    {"weights", before, bytes...}   before: where it goes on; 0 at the end
    {"missing"}

  Uses     clock, session
  Upholds  D60
  Clock    the store's
  Memory   allowed
  Cost     O(100)
]]
local raw_head = redis.call("HGET", K.session, "head")
if not raw_head then return { "missing" } end
local c = open(K.session, now(), raw_head)
local head = c.head

local function weight_of_event(cursor)
  local raw = redis.call("HGET", K.session, format("e%d", cursor))
  if not raw then return 0 end
  local payload = string.match(raw, "^[^|]*|caller%.event|[^|]*|(.*)$")
  if not payload then return A.rowBytes end
  -- Encoded as a column: three signs for one.
  local _, escapes = string.gsub(payload, "%%", "")
  return A.rowBytes + #payload - 2 * escapes
end

local function weight_of_input(admission)
  local payload = redis.call("HGET", K.session, format("p%d", admission))
  local id = payload and string.match(payload, "^(%S+) ")
  local raw = id and redis.call("HGET", K.session, "i" .. id)
  if not raw then return 0 end
  local record = decode_record(raw)
  local failure = redis.call("HSTRLEN", K.session, format("f%d", admission))
  local output = record.position > 0 and redis.call("HSTRLEN", K.session, format("o%d", record.position)) or 0
  return A.rowBytes + #payload - #id - 1 + failure + output
end

local latest = A.isInputs and head.admitted or head.cursor
local trimmed = A.isInputs and head.trimmedInputs or head.trimmedEvents
local from = A.before > 0 and math.min(A.before - 1, latest) or latest
local till = math.max(from - SCRIPT_BATCH, trimmed)
local reply = { "weights", till > trimmed and till + 1 or 0 }
for number = from, till + 1, -1 do
  reply[#reply + 1] = A.isInputs and weight_of_input(number) or not A.isInputs and weight_of_event(number) or 0
end
return reply
