--[[
  discard-letter: take an input from among the dead letters. It stays abandoned.

  Keys session

  Arguments
    member   text    the session in the bucket's indexes
    inputId  text

  Reply
    {"discarded", followers, cursor}
    {"not_dead_letter", redrivenBy}    the input ended otherwise, or was redriven or discarded before
    {"no_input"}
    {"missing"}
    {"torn"}

  Uses     clock, session, letter
  Upholds  D51, D52, D53
  Clock    the store's
  Memory   allowed
  Cost     O(1)
]]
local rows = redis.call("HMGET", K.session, "head", "txn", "i" .. A.inputId, "follow")
if not rows[1] then return { "missing" } end
if rows[2] ~= "" then return { "torn" } end
if not rows[3] then return { "no_input" } end
local record = decode_record(rows[3])
if record.letter == 0 then return { "not_dead_letter", record.redrivenBy } end
local c = open(K.session, now(), rows[1])
c.index, c.member = K.index, A.member
close_letter(c, A.inputId, record, "")
emit(c, "input.discarded|" .. A.inputId, record.cursor, record.correlationId)
commit(c)
return { "discarded", live_followers(rows[4], c.t), c.head.cursor }
