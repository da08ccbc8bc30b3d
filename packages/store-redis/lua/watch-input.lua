--[[
  watch-input: answer with how an input ended, or note who wants to be told.

  Keys session

  Arguments
    inputId  text
    node     text  process to tell; empty to only ask

  Reply
    {"settled", record, receipt, output, failure, reason}   rows as columns; empty where there is none
    {"watching", status}
    {"missing", phase}    phase is empty when there is no session either
    {"gone", record, receipt, output, failure, reason}   as settled, in a session that was unregistered

  Raises   input input.abandon
  Uses     step, session, standing
  Upholds  G9
  Memory   allowed
  Cost     O(1)
]]
local MAX_WATCHERS = 2000

local rows = redis.call("HMGET", K.session, "head", "i" .. A.inputId, "away")
local head = rows[1] or rows[3]
if not head or not (rows[1] or rows[2]) then return { "missing", "" } end
local c = open(K.session, 0, head)
if not rows[2] then return { "missing", c.head.phase } end
local record = decode_record(rows[2])
local status = current_status(c, record)

if INPUT_FINAL[status] then
  local facts = redis.call("HMGET", K.session, "r" .. record.position, "o" .. record.position, "f" .. record.admission,
    "g" .. record.generation)
  local is_ended = status ~= record.status
  record.status = status
  return {
    rows[1] and "settled" or "gone", { unpack_row(encode_record(record)) }, facts[1] and { unpack_row(facts[1]) } or "", facts[2] or "",
    facts[3] or "", is_ended and facts[4] or record.detail,
  }
end
local is_known = string.find("," .. record.nodes .. ",", "," .. A.node .. ",", 1, true)
if A.node ~= "" and not is_known and #record.nodes < MAX_WATCHERS then
  record.nodes = record.nodes == "" and A.node or record.nodes .. "," .. A.node
  redis.call("HSET", K.session, "i" .. A.inputId, encode_record(record))
end
return { "watching", status }
