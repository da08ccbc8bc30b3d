--[[
  advance-run: settle the staged attempt and, in the same step, stage the next batch or let go.

  Keys session

  Arguments
    member              text    the session in the bucket's indexes
    node                text
    token               number  fence
    claimId             text    fence
    runId               text    fence
    attempt             number
    sequence            number  boundary of the run
    expectedPosition    number
    previousDigest      text
    boundary            text
    contributors        text    the staged inputs, joined by commas, in order
    settlement          text    completed, cancelled, failed or released
    settlementDigest    text
    contentDigest       text
    conversationDigest  text
    messageCount        number
    digest              text
    hasState            flag
    state               bytes
    hasOutput           flag
    output              bytes
    failure             text    JSON
    failureCode         text    for the event
    isRetryable         flag
    retryDelayMs        number
    isDelayExplicit     flag
    hasNext             flag    whether to stage next; otherwise the session is let go
    newRunId            text
    executors           text    hosted here: `,name,name,`
    batching            text    those that take prompts in batches: `,name,`
    maxInputs           number
    maxBytes            number
    leaseMs             number
    graceMs             number
    rewakeMs            number
    warmMs              number
    maxFailures         number

  Reply
    {"committed", isRepeat, position, committedAt, settled, next, followers, cursor}
      next  {"staged", batch} | {"more", epoch, dueAt} | {"rest", dueAt} | {"lost"}
    {"fenced"}
    {"conflict", position}
    {"missing"}
    {"torn"}

  Raises   session run.settle, run.stage; input run.commit, run.cancel, run.fail, run.release, run.stage; run run.stage, run.commit, run.cancel, run.fail, run.release, run.split
  Uses     clock, step, session, lane, input, run, attempt, select, stage, due
  Upholds  L2, L3, L4, L5, L6, L7, G1, G2, G3, G4, G5, G6
  Clock    the store's
  Memory   allowed
  Cost     O(batch); O(log N) in sessions due in the bucket
]]
local c, hold, followers
local boundary_id = string.format("%s.%d.%s.%d", A.runId, A.sequence, A.claimId, A.attempt)
local event = SETTLEMENT_EVENTS[A.settlement]
local leaves_receipt = RECEIPT_RESULTS[A.settlement]

-- The same call again: the stored result, and the batch it staged if that is still the current one (L5).
local function answer_repeat(last)
  redis.call("HSET", K.session, "txn", "")
  for id, nodes in string.gmatch(last.ended, "([^:;]+):([^;]*);") do
    local record = load_records(c, { id })[1]
    record.nodes = nodes
    settle(c, id, record)
  end
  local following = { "lost" }
  if last.nextToken == 0 then
    local at = redis.call("ZSCORE", K.due, A.member)
    following = at and { "more", c.h.epoch, tonumber(at) } or { "rest", "" }
  elseif hold and hold.token == last.nextToken and hold.claimId == A.claimId then
    following = { "staged", staged_reply(c, hold, reload_batch(c, hold)) }
  end
  return { "committed", "1", last.position, last.committedAt, c.settled, following, followers, c.h.cursor }
end

local function write_receipt(run)
  local position = c.h.position + 1
  c.h.position, c.h.digest = position, A.digest
  run.sequence = hold.sequence
  run.positions = run.positions == "" and tostring(position) or run.positions .. "," .. position
  write(c, string.format("r%d", position), encode_receipt({
    runId = A.runId, sequence = hold.sequence, boundary = A.boundary, result = A.settlement,
    contributors = A.contributors, token = A.token, claimId = A.claimId, generation = c.h.generation, committedAt = c.t,
    contentDigest = A.contentDigest, conversationDigest = A.conversationDigest, messageCount = A.messageCount,
    digest = A.digest,
  }))
  if A.hasState then write(c, "state", A.state) end
  if A.hasOutput then write(c, string.format("o%d", position), A.output) end
end

local function settle_with_receipt(ids, records)
  local run = move_run(c, hold, event)
  write_receipt(run)
  put_run(c, A.runId, run)
  for i = 1, #ids do
    records[i].position = c.h.position
    if event == "run.cancel" then records[i].detail = REASON.cancelled end
    move_input(c, ids[i], records[i], event)
  end
  emit(c, event .. "|" .. A.runId .. "|" .. c.h.position .. "|" .. A.contributors)
end

-- First retry at once when it keeps nobody waiting; otherwise after the delay the worker computed.
local function retry_at(records)
  local is_first = records[1].failures == 0
  local waits_for_nobody = c.h.isHeld or c.h.queued == 0
  if is_first and waits_for_nobody and not A.isDelayExplicit then return 0 end
  return c.t + A.retryDelayMs
end

local function settle_undone(records)
  if event == "run.release" then
    emit(c, "run.released|" .. A.runId)
    end_attempt(c, hold, records, { event = event, notBeforeAt = 0 })
    return
  end
  emit(c, "run.failed|" .. A.runId .. "|" .. A.failureCode)
  end_attempt(c, hold, records, {
    event = event, counter = "failures", limit = A.maxFailures, isFinal = not A.isRetryable,
    reason = REASON.max_attempts_exhausted, failure = A.failure, notBeforeAt = retry_at(records),
  })
end

local EFFECTS = {
  clearRun = function(_, ids, records)
    if leaves_receipt then settle_with_receipt(ids, records) else settle_undone(records) end
    put(c, "hold", "")
  end,
  indexDue = function() end, -- staging or letting go, below, indexes the session
}

local function stage_next()
  if not A.hasNext or not may_stage(c) or has_chores(c) or not contains(A.executors, c.h.executor) then return nil end
  local offer = {
    newRunId = A.newRunId, maxInputs = A.maxInputs, maxBytes = A.maxBytes, isBatching = contains(A.batching, c.h.executor),
  }
  promote(c, K.later)
  local batch, blocked_until = select_batch(c, offer)
  if not batch then return nil, nil, blocked_until end
  return stage_batch(c, batch, offer, { id = A.claimId, node = A.node, lease = A.leaseMs, meta = K.meta })
end

local function let_go(blocked_until)
  if not A.hasNext and may_stage(c) and not blocked_until then blocked_until = select(2, select_batch(c, { maxInputs = 1 })) end
  local at = release(c, { later = K.later, due = K.due, member = A.member }, A.rewakeMs, blocked_until)
  c.h.warmNode, c.h.warmUntil = A.node, c.t + A.warmMs
  if at and at <= c.t + A.rewakeMs then return { "more", c.h.epoch, at } end
  return { "rest", at or "" }
end

local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "last", "follow")
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
c = open(K.session, now(), rows[1])
if rows[2] ~= "" then hold = decode_hold(rows[2]) end
followers = live_followers(rows[5], c.t)

-- A row that does not contain the id is of another boundary, and need not be taken apart.
local last = rows[4] and string.find(rows[4], boundary_id, 1, true) and decode_last(rows[4])
if last and last.boundaryId == boundary_id then
  -- Another result for the same boundary is somebody else's: never take it for one's own success.
  if last.settlementDigest ~= A.settlementDigest then return { "fenced" } end
  return answer_repeat(last)
end
-- The lease itself is not compared: one that ended and that nobody took still commits.
if not hold or hold.token ~= A.token or hold.claimId ~= A.claimId or hold.runId ~= A.runId then return { "fenced" } end
if c.h.position ~= A.expectedPosition or c.h.digest ~= A.previousDigest or hold.sequence ~= A.sequence
  or hold.staged ~= A.contributors then
  return { "conflict", c.h.position }
end
local phase, effects = step(SESSION_ROWS, c.h.phase, "run.settle", "1")
if not phase then return { "fenced" } end

local ids = split(A.contributors)
perform(effects, EFFECTS, c, ids, load_records(c, ids))
c.h.phase = phase

local next_hold, loaded, blocked_until = stage_next()
local following
if next_hold then
  commit_later(c, K.later)
  index_due(c, K.due, A.member, next_hold.leaseUntil + A.graceMs)
  following = { "staged", staged_reply(c, next_hold, loaded) }
else
  following = let_go(blocked_until)
end
local ended = {}
for i, settled in ipairs(c.settled) do ended[i] = settled[1] .. ":" .. settled[3] .. ";" end
write(c, "last", encode_last({
  boundaryId = boundary_id, settlementDigest = A.settlementDigest, position = c.h.position, committedAt = c.t,
  cursor = c.h.cursor, nextToken = next_hold and next_hold.token or 0, ended = table.concat(ended),
}))
commit(c)
return { "committed", "", c.h.position, c.t, c.settled, following, followers, c.h.cursor }
