--[[
  interrupt-run: ask the staged run to end, once per request id. The run decides when; a result that
  it commits first stands.

  Keys session

  Arguments
    requestId  text
    runId      text  the run meant; empty for whichever is staged

  Reply
    {"applied", isRepeat, report, node, runId, followers, cursor}
    {"refused", phase, runId}      runId is the staged run, or empty
    {"missing"}
    {"torn"}

  Raises   session control.interrupt
  Uses     clock, step, session
  Upholds  C1, C3, G10
  Memory   allowed
  Cost     O(1)
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "z" .. A.requestId, "follow")
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1])
local hold = rows[2] ~= "" and decode_hold(rows[2]) or nil
local followers = live_followers(rows[5], c.t)
if rows[4] then return { "applied", "1", { unpack_row(rows[4]) }, "", "", followers, c.h.cursor } end

local phase, effects = step(SESSION_ROWS, c.h.phase, "control.interrupt", bit(hold ~= nil))
local is_other = hold ~= nil and A.runId ~= "" and A.runId ~= hold.runId
if not phase or is_other then return { "refused", c.h.phase, hold and hold.runId or "" } end

perform(effects, {
  requestCancel = function()
    hold.isCancelRequested = true
    put(c, "hold", encode_hold(hold))
  end,
})
local report = encode_report({
  verb = "interrupt", phaseBefore = c.h.phase, phaseAfter = phase, inputsAbandoned = 0, inputsPendingDrain = 0,
  inputsTransferred = 0, inputsRecovered = 0, inputsRequeued = 0, abortedRunId = hold.runId,
})
put(c, "z" .. A.requestId, report)
commit(c)
return { "applied", "", { unpack_row(report) }, hold.node, hold.runId, followers, c.h.cursor }
