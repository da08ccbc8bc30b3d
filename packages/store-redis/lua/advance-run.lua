--[[
  advance-run: settle the staged attempt and, in the same step, stage the next batch or let go.

  Keys session

  Constants
    node         text
    leaseMs      number
    graceMs      number
    rewakeMs     number
    warmMs       number
    maxFailures  number
    keepInputs   number  terminal inputs that are kept
    keepEvents   number

  Arguments
    member              text    the session in the bucket's indexes
    token               number  fence
    claimId             text    fence
    runId               text    fence
    attempt             number
    sequence            number  boundary of the run
    expectedPosition    number
    previousDigest      text
    boundary            text
    contributors        text    the staged inputs, joined by commas, in order
    settlement          text    completed, cancelled, suspended, superseded, failed, released or rolled_back
    settlementDigest    text
    contentDigest       text
    conversationDigest  text
    messageCount        number
    digest              text
    state               bytes   JSON; empty to leave it
    output              bytes   JSON; empty for none
    data                bytes   JSON that a suspended run keeps; empty to leave it
    detail              text    callback_pending, the successor, or <time>|<JSON> of what is waited for
    failure             bytes   code|reason|isRetryable|isDelayExplicit|retryDelayMs|JSON; empty for none
    newRunId            text
    offer               text    maxInputs|maxBytes|,hosted,|,batching,|,ranges,|declined; empty to let go

  Reply
    {"committed", isRepeat, position, committedAt, followers, cursor, settled..., next...}
      next  "staged", batch... | "more", epoch, dueAt, executor | "owing", dueAt | "rest", dueAt | "lost"
    {"fenced"}
    {"conflict", position}
    {"missing"}
    {"torn"}

  Raises   session run.settle, run.stage, input.admit; input run.commit, run.cancel, run.suspend, run.supersede, run.fail, run.release, run.roll_back, run.stage, input.abandon; run run.stage, run.commit, run.cancel, run.suspend, run.supersede, run.resume, run.fail, run.release, run.roll_back, run.split
  Uses     constants, clock, step, session, ring, lane, input, run, due, continuation, operation, attempt, settlement, select, stage, retention, reply, advance
  Upholds  L2, L3, L4, L5, L6, L7, G1, G2, G3, G4, G5, G6
  Clock    the store's
  Memory   allowed
  Cost     O(batch); O(log N) in sessions due in the bucket
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "follow", "i" .. A.contributors)
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])
c.index, c.member = K.index, A.member
local followers = live_followers(rows[4], c.t)
local hold = c.hold
local boundary_id = format("%s.%d.%s.%d", A.runId, A.sequence, A.claimId, A.attempt)

-- A superseded run ends with what came before its successor; what joined it since is run next.
local function are_contributors(hold)
  if SETTLEMENT_EVENTS[A.settlement] ~= "run.supersede" then return hold.staged == A.contributors end
  if not hold.isSteered then return false end
  local before = A.contributors == "" and "," or "," .. A.contributors .. ","
  return string.sub("," .. hold.staged .. ",", 1, #before + #A.detail + 1) == before .. A.detail .. ","
end

-- The lease itself is not compared: one that ended and that nobody took still commits.
local is_fenced = not hold or hold.token ~= A.token or hold.claimId ~= A.claimId or hold.runId ~= A.runId
if is_fenced or c.head.position ~= A.expectedPosition or c.head.digest ~= A.previousDigest
  or hold.sequence ~= A.sequence or hold.attempt ~= A.attempt or not are_contributors(hold) then
  -- What does not fit may be the same call again: its first writing moved the token.
  local last = find_settlement(c, boundary_id)
  if last and last.settlementDigest == A.settlementDigest then
    return answer_repeat(c, last, { claimId = A.claimId, due = K.due, member = A.member, followers = followers })
  end
  -- Another result for the same boundary is somebody else's: never take it for one's own success.
  if is_fenced or last then return { "fenced" } end
  return { "conflict", c.head.position }
end
local phase, effects = step(SESSION_ROWS, c.head.phase, "run.settle", "1")
if not phase then return { "fenced" } end

-- A batch of one was read with the head.
local receipt, ids = blank_receipt(), split(A.contributors)
local records = rows[5] and { decode_record(rows[5]) } or #ids == 0 and {} or load_records(c, ids)
receipt.boundary, receipt.messageCount = A.boundary, A.messageCount
receipt.contentDigest, receipt.conversationDigest = A.contentDigest, A.conversationDigest
perform(effects, SETTLE_EFFECTS, c, {
  event = SETTLEMENT_EVENTS[A.settlement], result = A.settlement, receipt = receipt, digest = A.digest, state = A.state,
  output = A.output, data = A.data, detail = A.detail, failure = A.failure, contributors = A.contributors, ids = ids, records = records, maxFailures = A.maxFailures,
})
c.head.phase = phase
retain(c, { inputs = A.keepInputs, events = A.keepEvents })

local keys = { later = K.later, due = K.due, member = A.member }
local loaded, blocked_until
if A.offer ~= "" then
  loaded, blocked_until = stage_next(c, K.later, decode_offer(A.offer), {
    id = A.claimId, newRunId = A.newRunId, node = A.node, lease = A.leaseMs, meta = K.meta,
  })
elseif may_stage(c) then
  blocked_until = blocked_time(c)
end
local at
if loaded then
  commit_later(c, K.later)
  at = c.hold.leaseUntil + A.graceMs
  index_due(c, K.due, A.member, at)
else
  at = release(c, keys, A.rewakeMs, blocked_until)
  c.head.warmNode, c.head.warmUntil = A.node, c.t + A.warmMs
end
write(c, "last", last_settlement(c, boundary_id, A.settlementDigest, loaded))
commit(c)

local reply = append_settled({ "committed", "", c.head.position, c.t, followers, c.head.cursor }, c)
if loaded then
  reply[#reply + 1] = "staged"
  return append_batch(reply, c, loaded)
end
return append_rest(reply, c, at, at and at <= c.t + A.rewakeMs)
