--[[
  resume-run: let a suspended run go on with a value, once per request id.

  Keys session

  Constants
    sweepDelayMs  number

  Arguments
    member     text    the session in the bucket's indexes
    requestId  text
    runId      text
    value      bytes   JSON

  Reply
    {"resumed", isRepeat, signal, epoch, node, executor, followers, cursor}
    {"not_suspended", status}      status is empty when the session has no such run
    {"other_request", verb}        the request id was used for another verb
    {"missing"}
    {"torn"}

  Raises   session run.stage; run run.resume, run.stage
  Uses     constants, clock, step, session, ring, lane, input, run, due, continuation, operation
  Upholds  C8, L6, L7, G10
  Clock    the store's
  Memory   refused
  Cost     O(1); O(log N) in sessions due in the bucket
]]
local RESUME = "resume"

local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "z" .. A.requestId, "u" .. A.runId, "follow")
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])
local followers = live_followers(rows[6], c.t)
if rows[4] then
  local report = decode_report(rows[4])
  if report.verb ~= RESUME then return { "other_request", report.verb } end
  return { "resumed", "1", "none", c.head.epoch, "", c.head.executor, followers, c.head.cursor }
end

local run = rows[5] and decode_run(rows[5])
-- What an ended generation left parked waits for a chore, not for an answer.
local is_parked = run and run.place > 0 and run.generation == c.head.generation
if not is_parked or not step(RUN_ROWS, run.status, "run.resume", "") then
  local is_staged = c.hold ~= nil and c.hold.runId == A.runId
  return { "not_suspended", is_staged and step(RUN_ROWS, RUN_INITIAL, "run.stage", "") or run and run.status or "" }
end
write(c, "v" .. A.runId, A.value)
OPS.leave(c, A.runId, run)
resume_run(c, A.runId, run)
local report = blank_report()
report.verb, report.phaseBefore, report.phaseAfter, report.abortedRunId = RESUME, c.head.phase, c.head.phase, A.runId
keep_request(c, "z" .. A.requestId, encode_report(report))
commit_later(c, K.later)
local wakes = not c.hold and c.head.executor ~= "" and may_stage(c)
if wakes then
  mark(c)
  redis.call("ZADD", K.due, "LT", digits(c.t + A.sweepDelayMs), A.member)
end
commit(c)
local node = c.t < c.head.warmUntil and c.head.warmNode or ""
return { "resumed", "", wakes and "wake" or "none", c.head.epoch, node, c.head.executor, followers, c.head.cursor }
