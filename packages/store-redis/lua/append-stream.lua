--[[
  append-stream: write chunks of the staged run into its stream, and remove some of what is kept no longer.

  Keys session

  Constants
    keepStreams      number  streams that are kept
    keepStreamBytes  number  bytes of all of them
    streamBytes      number  bytes that one run may write
    streamParts      number  parts of one run's stream

  Arguments
    token     number  fence
    claimId   text    fence
    runId     text    fence
    position  number  chunks that this attempt has written before
    chunks    rest    JSON of each, at most 100

  Reply
    {"appended", written, offset, followers}   chunks after the first `written` are refused
    {"fenced"}

  Uses     constants, clock, session
  Upholds  T10, T11, T12, T15
  Clock    the store's
  Memory   allowed
  Cost     O(chunks + 100)
]]
local rows = redis.call("HMGET", K.session, "hold", "txn", "l" .. A.runId, "streams", "follow")
local hold = rows[1] and rows[1] ~= "" and rows[2] == "" and decode_hold(rows[1]) or nil
if not hold or hold.token ~= A.token or hold.claimId ~= A.claimId or hold.runId ~= A.runId then return { "fenced" } end
local t = now()
local followers = live_followers(rows[5], t)
local stream = rows[3] and decode_stream(rows[3]) or blank_stream()
local streams = rows[4] and decode_streams(rows[4]) or blank_streams()
local chunks, before = A.chunks, stream.offset - stream.start
if A.position > before then return { "fenced" } end
-- A repeat: what is there is what the first call has written.
if A.position < before then return { "appended", math.min(before - A.position, #chunks), stream.offset, followers } end

local writes, removals = {}, {}
local function set(field, value) writes[#writes + 1], writes[#writes + 2] = field, value end

-- Makes room: the oldest stream goes, a hundred parts a call, and gives its place up when none is left. One whose run is
-- not over moves to the end.
local function make_room()
  local kept = streams.back - streams.front
  if kept <= 1 or (kept <= A.keepStreams and streams.bytes <= A.keepStreamBytes) then return end
  local place = format("l%d", streams.front + 1)
  local run_id = redis.call("HGET", K.session, place)
  local old_stream = run_id ~= A.runId and decode_stream(redis.call("HGET", K.session, "l" .. run_id)) or stream
  if old_stream.status == "" then
    streams.back = streams.back + 1
    set(format("l%d", streams.back), run_id)
  else
    local till = math.min(old_stream.offset, old_stream.trimmed + SCRIPT_BATCH)
    for offset = old_stream.trimmed + 1, till do
      removals[#removals + 1] = format("l%d.%d", old_stream.number, offset)
    end
    old_stream.trimmed = till
    if till < old_stream.offset then return set("l" .. run_id, encode_stream(old_stream)) end
    streams.bytes = streams.bytes - old_stream.bytes
    removals[#removals + 1] = "l" .. run_id
  end
  removals[#removals + 1] = place
  streams.front = streams.front + 1
end

if stream.number == 0 then
  streams.back = streams.back + 1
  stream.number = streams.back
  set(format("l%d", stream.number), A.runId)
end
local written = 0
for i = 1, #chunks do
  stream.isFull = stream.isFull or stream.offset >= A.streamParts or stream.bytes + #chunks[i] > A.streamBytes
  if stream.isFull then break end
  written, stream.offset, stream.bytes = i, stream.offset + 1, stream.bytes + #chunks[i]
  streams.bytes = streams.bytes + #chunks[i]
  set(format("l%d.%d", stream.number, stream.offset), "c" .. chunks[i])
end
make_room()
hold.isStreamed, hold.progressAt, hold.stalledAt = true, t, 0
set("streams", encode_streams(streams))
set("l" .. A.runId, encode_stream(stream))
set("hold", encode_hold(hold))
-- Torn in between, parts are gone that a row still counts: a reader is told that they are not kept.
if #removals > 0 then redis.call("HDEL", K.session, unpack(removals)) end
redis.call("HSET", K.session, unpack(writes))
return { "appended", written, stream.offset, followers }
