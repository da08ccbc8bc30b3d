--[[
  commit-unregister: remove a session whose obligations are closed. Its rows stay, and its head with them
  under another name: without a head it is unknown to every script.

  Keys session

  Arguments
    member    text    the session in the bucket's indexes
    rewakeMs  number

  Reply
    {"removed", leave, followers, cursor}
    {"owed", names}      what is still owed
    {"chores"}           what is left ends in bounded steps: settle them, then ask again
    {"ignored"}          nothing is being unregistered
    {"torn"}

  Raises   session unregister.commit, unregister.end_work, run.stage; input run.lose, input.drop; run run.abandon
  Uses     clock, step, session, ring, lane, input, run, continuation, attempt, drop, due, operation, reply, labels, control, obligations, unregister
  Upholds  D5, D6, D8
  Clock    the store's
  Memory   allowed
  Cost     O(log N) in the bucket's sessions
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "leave", "follow")
if not rows[1] then return { "ignored" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])
if not is_leaving(c) then return { "ignored" } end

local leave = decode_leave(rows[4])
local names = open_names(leave)
local command = leave_command(c, {
  rewake = A.rewakeMs, member = A.member, due = K.due, later = K.later, index = K.index,
})
if names ~= "" then return { "owed", names } end
-- Begun after everything else had ended: nothing of the session may go on without it.
if has_registry(c) then
  leave_step(c, "unregister.end_work", bit(c.hold ~= nil), command)
  if has_chores(c) then commit(c) end
end
if has_chores(c) then return { "chores" } end
if not leave_step(c, "unregister.commit", bit(c.hold ~= nil) .. "1", command) then return { "owed", "loop" } end
emit(c, "session.unregistered")
remove(c, "leave")
remove(c, "schedules")
keep_request(c, "w" .. leave.requestId, rows[4])
-- First the new name: torn in between, the session is there and says so.
redis.call("HSET", K.session, "away", encode_head(c.head))
redis.call("HDEL", K.session, "head")
c.is_away = true
plan_collection(c, K.due, A.member, c.t)
commit(c)
return { "removed", { unpack_row(rows[4]) }, live_followers(rows[5], c.t), c.head.cursor }
