--[[
  configure-session: replace the settings that future admissions go by.

  Keys session

  Arguments
    settings  text  JSON

  Reply
    {"configured", revision}
    {"missing"}
    {"torn"}

  Uses     session
  Upholds  D1
  Memory   refused
  Cost     O(1)
]]
local rows = redis.call("HMGET", K.session, "head", "txn")
if not rows[1] then return { "missing" } end
if rows[2] ~= "" then return { "torn" } end
local c = open(K.session, 0, rows[1])
c.head.settingsRevision = c.head.settingsRevision + 1
write(c, "settings", A.settings)
commit(c)
return { "configured", c.head.settingsRevision }
