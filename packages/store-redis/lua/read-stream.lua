--[[
  read-stream: the parts of a run's stream after an offset, and how it stands.

  Keys session

  Arguments
    runId     text
    after     number  the last offset that is known
    limit     number  at most 100
    maxBytes  number  no further part once so many are there

  Reply
    {"read", offset, status, isFull, part...}   status is empty while the run goes on
    {"expired"}
    {"unknown"}
    {"gone"}
    {"missing"}

  Upholds  T14, T16
  Memory   allowed
  Cost     O(limit)
]]
local rows = redis.call("HMGET", K.session, "head", "away", "hold", "l" .. A.runId, "u" .. A.runId)
local raw_head = rows[1] or rows[2]
if not raw_head then return { "missing" } end
local head = decode_head(raw_head)
local lost = SESSION_FINAL[head.phase] and "gone" or "expired"

-- A run that has written nothing has an empty stream all the same.
local function read_empty()
  local hold = rows[3] and rows[3] ~= "" and decode_hold(rows[3])
  local is_current = hold and hold.runId == A.runId
  local run = rows[5] and decode_run(rows[5])
  if not run and not is_current then return { SESSION_FINAL[head.phase] and "gone" or "unknown" } end
  if run and run.isStreamed then return { lost } end
  return { "read", 0, run and not is_current and RUN_FINAL[run.status] and run.status or "", "" }
end

if not rows[4] then return read_empty() end
local stream = decode_stream(rows[4])
local reply, bytes = { "read", stream.offset, stream.status, stream.isFull and "1" or "" }, 0
local till = math.min(stream.offset, A.after + math.min(A.limit, SCRIPT_BATCH))
for from = A.after + 1, till, 10 do
  local fields = {}
  for offset = from, math.min(till, from + 9) do fields[#fields + 1] = format("l%d.%d", stream.number, offset) end
  for _, part in ipairs(redis.call("HMGET", K.session, unpack(fields))) do
    -- Written, and not there: it was removed.
    if not part then return { lost } end
    if bytes >= A.maxBytes then return reply end
    reply[#reply + 1], bytes = part, bytes + #part
  end
end
return reply
