--[[
  control-session: apply a control verb, once per request id.

  Keys session

  Arguments
    member     text    the session in the bucket's indexes
    verb       text    retire, recycle, reset, recover, stop, destroy
    requestId  text
    isDryRun   flag    the report alone: nothing changes, nothing is stored
    rewakeMs   number
    maxLosses  number

  Reply
    {"applied", isRepeat, report, abortNode, epoch, executor, hasChores, followers, cursor, settled...}
      epoch is empty when there is nothing to wake for
    {"refused", phase, isBusy, runId}
    {"missing"}
    {"torn"}

  Raises   session control.retire, control.recycle, control.reset, control.recover, control.stop, control.destroy, run.stage, input.admit; input run.lose, run.roll_back, input.drop; run run.stage, run.lose, run.roll_back, run.split, run.abandon
  Uses     clock, step, session, ring, lane, input, run, continuation, attempt, drop, due, operation, reply, labels, control
  Upholds  C1, C2, C3, C4, C5, C6, L6, G10
  Clock    the store's
  Memory   allowed
  Cost     O(staged batch + 300): ending any number of inputs moves a generation, chores do the rest
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "z" .. A.requestId, "follow")
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])
c.index, c.member = K.index, A.member
local followers = live_followers(rows[5], c.t)
if rows[4] then return control_answer(c, { isRepeat = true, report = rows[4], followers = followers }) end

c.is_rehearsal = A.isDryRun
local hold, phase_before = c.hold, c.head.phase
local is_busy = hold ~= nil and is_live(hold, c.t)
local phase, effects = step(SESSION_ROWS, phase_before, "control." .. A.verb, control_bits(c, A.verb, is_busy))
if not phase and CONTROL_GOALS[A.verb] ~= phase_before then
  return { "refused", phase_before, bit(is_busy), hold and hold.runId or "" }
end

local report = blank_report()
report.verb, report.phaseBefore, report.phaseAfter = A.verb, phase_before, phase or phase_before
local command = {
  verb = A.verb, report = report, staged = "", pending = pending_count(c), abortNode = "", rewake = A.rewakeMs,
  maxLosses = A.maxLosses, member = A.member, meta = K.meta, index = K.index, due = K.due, later = K.later,
}
if phase then
  mark(c)
  c.head.phase = phase
  perform(effects, CONTROL_EFFECTS, c, command)
  count_for_verb(c, command)
  look_at_schedules(c, phase_before, K.due, A.member)
  emit(c, "session.phase_changed|" .. A.verb .. "|" .. phase_before .. "|" .. phase)
end
local row = encode_report(report)
keep_request(c, "z" .. A.requestId, row)
commit(c)
return control_answer(c, {
  report = row, followers = followers, abortNode = command.abortNode, dueAt = command.dueAt, rewake = A.rewakeMs,
})
