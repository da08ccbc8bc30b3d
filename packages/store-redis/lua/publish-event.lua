--[[
  publish-event: append an event of a caller to those of a session, once per request id.

  Keys session

  Arguments
    requestId  text
    name       text
    digest     text   of name and payload: tells a repeat from another event under the same id
    payload    bytes  JSON, encoded as a column

  Reply
    {"published", isRepeat, cursor, followers}
    {"mismatch"}
    {"refused", phase}
    {"missing"}
    {"torn"}

  Uses     clock, session, ring
  Upholds  C7, G10
  Clock    the store's
  Memory   refused
  Cost     O(1)
]]
local rows = redis.call("HMGET", K.session, "head", "txn", "n" .. A.requestId, "follow")
if not rows[1] then return { "missing" } end
if rows[2] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1])
local followers = live_followers(rows[4], c.t)
if rows[3] then
  local cursor, digest = string.match(rows[3], "^(%d+) (.*)$")
  if digest ~= A.digest then return { "mismatch" } end
  return { "published", "1", tonumber(cursor), followers }
end
if SESSION_FINAL[c.head.phase] then return { "refused", c.head.phase } end

emit(c, "caller.event|" .. A.name .. "|" .. A.payload)
keep_request(c, "n" .. A.requestId, c.head.cursor .. " " .. A.digest)
commit(c)
return { "published", "", c.head.cursor, followers }
