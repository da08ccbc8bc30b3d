--[[
  begin-unregister: let a session take nothing more and say what must be over before it can be removed.

  Keys session

  Arguments
    member     text    the session in the bucket's indexes
    requestId  text
    rewakeMs   number
    waitMs     number  how long a run or a drain is waited for

  Reply
    {"begun", isJoined, leave, node, runId, followers, cursor}   node and runId of the staged run, or empty
    {"removed", leave}   the request id is that of an unregistration that is over
    {"refused", phase}
    {"missing"}
    {"torn"}

  Raises   session unregister.begin, unregister.commit, run.stage; obligation obligation.close; run run.abandon; input run.lose, input.drop
  Uses     clock, step, session, ring, lane, input, run, continuation, attempt, drop, due, operation, reply, labels, control, drain, obligations, unregister
  Upholds  D4, D5, D6, L6
  Clock    the store's
  Memory   allowed
  Cost     O(log N) in sessions due in the bucket
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "leave", "follow", "w" .. A.requestId,
  "drain")
if rows[6] then return { "removed", { unpack_row(rows[6]) } } end
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])
local hold = c.hold
local followers = live_followers(rows[5], c.t)

local function answer(is_joined, row)
  return {
    "begun", bit(is_joined), { unpack_row(row) }, hold and hold.node or "", hold and hold.runId or "", followers,
    c.head.cursor,
  }
end
if is_leaving(c) then return answer(true, rows[4]) end

local phase_before = c.head.phase
local command = leave_command(c, { rewake = A.rewakeMs, member = A.member, due = K.due, later = K.later })
if not leave_step(c, "unregister.begin", "", command) then return { "refused", phase_before } end
local leave = blank_leave()
leave.requestId, leave.phaseBefore, leave.since = A.requestId, phase_before, c.t
leave.loop, leave.drain, leave.waiters = OBLIGATION_INITIAL, OBLIGATION_INITIAL, OBLIGATION_INITIAL
if not hold then close_obligation(leave, PLACE.leave.loop, false) end
if not is_drained(c, open_drain(rows[7])) then close_obligation(leave, PLACE.leave.drain, false) end
if hold then
  hold.lookAt = c.t + A.waitMs
  set_hold(c, hold)
end
emit(c, "session.unregistering|" .. phase_before .. "|" .. open_names(leave))
local row = encode_leave(leave)
write(c, "leave", row)
commit(c)
return answer(false, row)
