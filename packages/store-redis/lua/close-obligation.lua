--[[
  close-obligation: note that an obligation of an unregistration is over, or end it by force.

  Keys session

  Arguments
    member      text    the session in the bucket's indexes
    obligation  text    loop, drain or waiters
    isForced    flag    whoever owes it is not waited for
    isCheck     flag    closes what is over by itself, or whose time is
    rewakeMs    number
    waitMs      number  how long a run or a drain is waited for
    maxLosses   number

  Reply
    {"noted", status, abortNode, runId, followers, cursor, settled...}
    {"owed", until}      a run is in progress, or a drain
    {"chores", followers, cursor, settled...}   what is left ends in bounded steps: settle them, then ask again
    {"ignored"}          it is closed, or nothing is being unregistered
    {"torn"}

  Raises   session unregister.commit, unregister.end_run, unregister.end_work, run.stage; obligation obligation.close; input run.lose, run.roll_back, input.drop; run run.stage, run.lose, run.roll_back, run.split, run.abandon
  Uses     clock, step, session, ring, lane, input, run, continuation, operation, attempt, drop, due, reply, labels, control, drain, obligations, unregister
  Upholds  D4, D5, D6, D7, L6, G9
  Clock    the store's
  Memory   allowed
  Cost     O(staged batch); O(log N) in sessions due in the bucket
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "leave", "follow", "drain")
if not rows[1] then return { "ignored" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])
if not is_leaving(c) then return { "ignored" } end
local leave, place = decode_leave(rows[4]), place_of(A.obligation)
if not is_open(leave, place) then return { "ignored" } end

local followers, hold = live_followers(rows[5], c.t), c.hold
local until_at = leave.since + A.waitMs
local is_forced = A.isForced or c.t >= until_at
local command = leave_command(c, {
  rewake = A.rewakeMs, maxLosses = A.maxLosses, member = A.member, due = K.due, later = K.later, meta = K.meta,
})
local report = command.report

local CLOSE = {
  loop = function()
    if not hold then return nil end
    local is_busy = is_live(hold, c.t)
    if is_busy and not is_forced then return { "owed", until_at } end
    is_forced = true
    leave_step(c, "unregister.end_run", "1" .. bit(is_busy), command)
    leave.abortedRunId = report.abortedRunId
  end,
  drain = function()
    local drain = open_drain(rows[6])
    if not is_drained(c, drain) then
      is_forced = A.isForced
    elseif is_forced then
      -- Whoever drains is told when it renews its lease.
      drain.drainId, drain.node, drain.leaseUntil = "", "", 0
      write(c, "drain", encode_drain(drain))
    elseif A.isCheck then
      return { "owed", until_at }
    end
  end,
  waiters = function()
    is_forced = A.isForced
    if is_open(leave, PLACE.leave.loop) or is_open(leave, PLACE.leave.drain) then return { "owed", until_at } end
    if command.pending > 0 or has_registry(c) then
      leave_step(c, "unregister.end_work", bit(hold ~= nil), command)
      leave.inputsAbandoned = leave.inputsAbandoned + report.inputsAbandoned
      if command.pending > 0 then emit(c, "session.work_abandoned|" .. report.inputsAbandoned) end
    end
    if not has_chores(c) then return nil end
    write(c, "leave", encode_leave(leave))
    commit(c)
    return append_settled({ "chores", followers, c.head.cursor }, c)
  end,
}
local early = CLOSE[A.obligation]()
if early then return early end

close_obligation(leave, place, is_forced)
emit(c, "session.obligation_closed|" .. A.obligation .. "|" .. leave[place])
write(c, "leave", encode_leave(leave))
index_due(c, K.due, A.member, due_at_rest(c, K.later, c.t + A.rewakeMs))
commit(c)
return append_settled({
  "noted", leave[place], command.abortNode, report.abortedRunId, followers, c.head.cursor,
}, c)
