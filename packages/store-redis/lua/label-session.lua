--[[
  label-session: replace the labels of a session, and list it under each.

  Keys session

  Arguments
    member  text  the session in the bucket's indexes
    labels  text  encoded labels, joined by commas; empty for none

  Reply
    {"labelled"}
    {"refused", phase}
    {"missing"}
    {"torn"}

  Uses     clock, session, labels
  Upholds  D9
  Clock    the store's
  Memory   refused
  Cost     O(labels · log N) in the bucket's sessions
]]
local rows = redis.call("HMGET", K.session, "head", "txn", "labels")
if not rows[1] then return { "missing" } end
if rows[2] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1])
if SESSION_FINAL[c.head.phase] then return { "refused", c.head.phase } end
mark(c)
unlist_labels(c, K.index, A.member, rows[3])
list_labels(c, K.index, A.member, A.labels)
write(c, "labels", A.labels)
commit(c)
return { "labelled" }
