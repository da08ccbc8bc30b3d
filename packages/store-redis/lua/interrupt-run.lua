--[[
  interrupt-run: ask the staged run to end, once per request id. The run decides when; a result that
  it commits first stands.

  Keys session

  Arguments
    requestId  text
    runId      text  the run meant; empty for whichever is staged
    mode       text  interrupt, rollback, or boundary: at the run's next one
    isDryRun   flag  the report alone: nothing changes, nothing is stored

  Reply
    {"applied", isRepeat, report, node, runId, followers, cursor}   node is empty when nobody needs to be told
    {"refused", phase, runId}      runId is the staged run, or empty
    {"missing"}
    {"torn"}

  Raises   session control.interrupt
  Uses     clock, step, session, ring, cancel
  Upholds  C1, C3, C5, G10
  Clock    the store's
  Memory   allowed
  Cost     O(1)
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "z" .. A.requestId, "follow")
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])
local hold = c.hold
local followers = live_followers(rows[5], c.t)
if rows[4] then return { "applied", "1", { unpack_row(rows[4]) }, "", "", followers, c.head.cursor } end

c.is_rehearsal = A.isDryRun
local phase, effects = step(SESSION_ROWS, c.head.phase, "control.interrupt", bit(hold ~= nil))
local is_other = hold ~= nil and A.runId ~= "" and A.runId ~= hold.runId
if not phase or is_other then return { "refused", c.head.phase, hold and hold.runId or "" } end

perform(effects, {
  requestCancel = function() raise_cancel(c, A.mode) end,
})
local report = blank_report()
report.verb, report.phaseBefore, report.phaseAfter, report.abortedRunId = "interrupt", c.head.phase, phase, hold.runId
local row = encode_report(report)
keep_request(c, "z" .. A.requestId, row)
commit(c)
-- At its boundary the run learns of it by itself.
local node = A.mode ~= "boundary" and hold.node or ""
return { "applied", "", { unpack_row(row) }, node, hold.runId, followers, c.head.cursor }
