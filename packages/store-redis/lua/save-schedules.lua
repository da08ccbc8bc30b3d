--[[
  save-schedules: replace the schedules of a session, and say when somebody must look at them.

  Keys session

  Arguments
    member   text    the schedules in the bucket's index
    version  number  that the new row was made from
    rows     bytes   opaque; empty for none
    nextAt   number  epoch ms; 0 for never

  Reply
    {"saved"}
    {"changed"}
    {"missing"}
    {"torn"}

  Uses     session
  Upholds  L9, L10, L11
  Memory   refused
  Cost     O(log N) in sessions due in the bucket
]]
local rows = redis.call("HMGET", K.session, "head", "txn", "schedules")
local c = rows[1] and new_context(K.session, 0, decode_head(rows[1]))
if not c or SESSION_FINAL[c.head.phase] then
  redis.call("ZREM", K.due, A.member)
  return { "missing" }
end
if rows[2] ~= "" then return { "torn" } end
local version = tonumber(string.match(rows[3] or "0", "^%d+"))
if version ~= A.version then return { "changed" } end
mark(c)
if A.nextAt > 0 then redis.call("ZADD", K.due, digits(A.nextAt), A.member) else redis.call("ZREM", K.due, A.member) end
write(c, "schedules", format("%d|%s", version + 1, A.rows))
commit(c)
return { "saved" }
