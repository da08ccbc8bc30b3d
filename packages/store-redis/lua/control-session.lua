--[[
  control-session: apply a control verb, once per request id.

  Keys session

  Arguments
    member     text    the session in the bucket's indexes
    verb       text    retire, recycle, reset, recover, stop, destroy
    requestId  text
    leaseMs    number
    rewakeMs   number
    maxLosses  number

  Reply
    {"applied", isRepeat, report, abortNode, epoch, executor, hasChores, settled, followers, cursor}
      epoch is empty when there is nothing to wake for
    {"refused", phase, isBusy, runId}
    {"missing"}
    {"torn"}

  Raises   session control.retire, control.recycle, control.reset, control.recover, control.stop, control.destroy, run.stage; input run.lose; run run.stage, run.lose, run.split, run.abandon
  Uses     clock, step, session, lane, input, run, attempt, due
  Upholds  C1, C2, C3, C4, L6, G10
  Clock    the store's
  Memory   allowed
  Cost     O(staged batch): ending any number of inputs moves a generation, chores do the rest
]]
local c, hold, report
local abort_node = ""

local function staged_count()
  return hold and #split(hold.staged) or 0
end

local function pending_count()
  return c.h.queued + c.h.scheduled + staged_count()
end

-- Ends every input at once for every reader: the generation moves. Rows follow in chores.
local function abandon_all(reason)
  return function()
    report.inputsAbandoned = report.before_pending
    put(c, "g" .. c.h.generation, reason)
    if report.before_pending > 0 then
      add_chore(c, {
        kind = "end", reason = reason, steerFrom = c.h.steerHead, steerTo = c.h.steerTail, queueFrom = c.h.queueHead,
        queueTo = c.h.queueTail, scheduled = c.h.scheduled, staged = report.staged,
      })
    end
    c.h.generation = c.h.generation + 1
    c.h.steerHead, c.h.queueHead = c.h.steerTail, c.h.queueTail
    c.h.queued, c.h.waking, c.h.scheduled = 0, 0, 0
  end
end

local EFFECTS = {
  abortRun = function()
    if not hold then return end
    abort_node, report.abortedRunId = hold.node, hold.runId
  end,
  clearRun = function()
    if not hold then return end
    report.staged = hold.staged
    put_run(c, hold.runId, move_run(c, hold, "run.abandon"))
    put(c, "hold", "")
    hold = nil
  end,
  returnStaged = function()
    if not hold then return end
    report.inputsRequeued = staged_count()
    lose_attempt(c, hold, A.maxLosses)
    put(c, "hold", "")
    hold = nil
  end,
  bumpToken = function() redis.call("HINCRBY", K.meta, "token", 1) end,
  ["abandonAll.retired"] = abandon_all(REASON.retired),
  ["abandonAll.reset"] = abandon_all(REASON.reset),
  ["abandonAll.stopped"] = abandon_all(REASON.stopped),
  ["abandonAll.destroyed"] = abandon_all(REASON.destroyed),
  unbind = function()
    if c.h.isUnhosted then redis.call("ZREM", K.index, unhosted_entry(c, A.member)) end
    c.h.executor, c.h.isUnhosted = "", false
  end,
  leaveDirectory = function() redis.call("ZREM", K.index, "d " .. A.member) end,
  -- The event of this very command stays: it is the last thing a reader of the session must see (G12).
  purge = function() add_chore(c, { kind = "purge", from = c.h.cursor + 1 }) end,
  indexDue = function()
    if hold then return end
    c.h.epoch = c.h.epoch + 1
    report.dueAt = due_at_rest(c, K.later, c.t + A.rewakeMs)
    index_due(c, K.due, A.member, report.dueAt)
  end,
}

local function count_for_verb()
  local pending = pending_count()
  if A.verb == "retire" then report.inputsPendingDrain = pending end
  if A.verb == "recycle" then report.inputsTransferred = pending end
  if A.verb == "recover" then report.inputsRecovered = report.before_pending end
end

local function answer(is_repeat, stored)
  local wakes = report and report.dueAt and report.dueAt <= c.t + A.rewakeMs and not has_chores(c)
  return {
    "applied", is_repeat, { unpack_row(stored) }, abort_node, wakes and c.h.epoch or "", c.h.executor, has_chores(c) and "1" or "",
    c.settled, live_followers(redis.call("HGET", K.session, "follow"), c.t), c.h.cursor,
  }
end

local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "z" .. A.requestId)
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
c = open(K.session, now(), rows[1])
if rows[2] ~= "" then hold = decode_hold(rows[2]) end
if rows[4] then return answer("1", rows[4]) end

local is_busy = hold ~= nil and is_live(hold, c.t, A.leaseMs)
local bits = {
  retire = bit(hold ~= nil) .. bit(c.h.executor ~= "") .. bit(c.h.queued + c.h.scheduled > 0),
  recycle = bit(is_busy), reset = bit(is_busy), recover = bit(is_busy), stop = "", destroy = "",
}
local phase, effects = step(SESSION_ROWS, c.h.phase, "control." .. A.verb, bits[A.verb])
local is_reached = not phase and CONTROL_GOALS[A.verb] == c.h.phase
if not phase and not is_reached then return { "refused", c.h.phase, bit(is_busy), hold and hold.runId or "" } end

report = {
  verb = A.verb, phaseBefore = c.h.phase, phaseAfter = phase or c.h.phase, inputsAbandoned = 0, inputsPendingDrain = 0,
  inputsTransferred = 0, inputsRecovered = 0, inputsRequeued = 0, abortedRunId = "", staged = "",
  before_pending = pending_count(),
}
if phase then
  mark(c)
  c.h.phase = phase
  perform(effects, EFFECTS)
  count_for_verb()
  emit(c, "session.phase_changed|" .. A.verb .. "|" .. report.phaseBefore .. "|" .. report.phaseAfter)
end
put(c, "z" .. A.requestId, encode_report(report))
commit(c)
return answer("", encode_report(report))
