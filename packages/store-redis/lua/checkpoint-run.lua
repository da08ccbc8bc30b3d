--[[
  checkpoint-run: commit an inner boundary of the staged run, take what waits in the steer lane into
  it, or both in one step.

  Keys session

  Arguments
    token               number  fence
    claimId             text    fence
    runId               text    fence
    attempt             number
    call                number  of this attempt, from 1, dense
    callDigest          text    what the call says, to tell its repetition from another
    sequence            number  boundary of the run; 0 for a call that commits none
    expectedPosition    number
    previousDigest      text
    boundary            text
    contributors        text    the staged inputs, joined by commas, in order
    contentDigest       text
    conversationDigest  text
    messageCount        number
    digest              text
    state               bytes   JSON; empty to leave it
    data                bytes   JSON that the run keeps; empty to leave it
    maxInputs           number  0 to take none
    maxBytes            number

  Reply
    {"taken", isRepeat, position, cancelMode, followers, cursor, inputs...}
    {"fenced"}
    {"conflict", position}
    {"missing"}
    {"torn"}

  Raises   session run.settle, run.stage; input run.checkpoint, run.stage; run run.stage, run.checkpoint, run.resume
  Uses     constants, clock, step, session, ring, lane, input, run, due, continuation, operation, attempt, settlement, select, stage, steer, reply
  Upholds  T6, T7, T8, L4, L5, L7, G1, G3, G4, G5, G6
  Clock    the store's
  Memory   allowed
  Cost     O(inputs of the run), at most 100
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "follow")
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])
local hold, followers = c.hold, live_followers(rows[4], c.t)
if not hold or hold.token ~= A.token or hold.claimId ~= A.claimId or hold.runId ~= A.runId then return { "fenced" } end
if not step(SESSION_ROWS, c.head.phase, "run.settle", "1") then return { "fenced" } end
if A.call == hold.calls and A.callDigest == hold.callDigest then
  local loaded = load_batch(c, entries_of(c, split(hold.taken), hold.runId), 0)
  return append_inputs({ "taken", "1", c.head.position, hold.cancelMode, followers, c.head.cursor }, loaded)
end
if A.call ~= hold.calls + 1 then return { "fenced" } end
if A.sequence > 0 then
  if c.head.position ~= A.expectedPosition or c.head.digest ~= A.previousDigest or hold.sequence ~= A.sequence
    or hold.attempt ~= A.attempt or hold.staged ~= A.contributors then
    return { "conflict", c.head.position }
  end
  local ids, receipt = split(A.contributors), blank_receipt()
  receipt.boundary, receipt.messageCount = A.boundary, A.messageCount
  receipt.contentDigest, receipt.conversationDigest = A.contentDigest, A.conversationDigest
  local run = write_boundary(c, {
    event = SETTLEMENT_EVENTS.checkpointed, result = "checkpointed", receipt = receipt, digest = A.digest,
    state = A.state, output = "", data = A.data, contributors = A.contributors, ids = ids,
    records = #ids == 0 and {} or load_records(c, ids),
  })
  put(c, "u" .. hold.runId, encode_run(run))
end

local loaded = A.maxInputs > 0 and take_inbox(c, K.later, { maxInputs = A.maxInputs, maxBytes = A.maxBytes }) or {}
hold.calls, hold.callDigest, hold.progressAt, hold.stalledAt = A.call, A.callDigest, c.t, 0
if A.maxInputs > 0 then hold.isAttentionAsked = false end
set_hold(c, hold)
commit_later(c, K.later)
commit(c)
return append_inputs({ "taken", "", c.head.position, hold.cancelMode, followers, c.head.cursor }, loaded)
