--[[
  claim-session: take a session at rest, or one whose holder is dead, and stage its next batch.

  Keys session

  Arguments
    member        text    the session in the bucket's indexes
    claimId       text    random per claim
    node          text
    cachedDigest  text    digest of the state the worker has cached; empty for none
    newRunId      text    used if the batch has no run yet
    executors     text    hosted here: `,name,name,`
    batching      text    those that take prompts in batches: `,name,`
    maxInputs     number
    maxBytes      number
    leaseMs       number
    graceMs       number
    rewakeMs      number
    unhostedMs    number
    maxLosses     number

  Reply
    {"staged", batch, isCached, state, settled, followers, cursor}
    {"busy", leaseUntil}
    {"chores"}
    {"not_hosted", executor}
    {"rest", dueAt, settled, followers, cursor}      dueAt empty for none
    {"missing"}
    {"torn"}

  Raises   session run.settle, run.stage; input run.lose, run.stage; run run.stage, run.lose, run.split
  Uses     clock, step, session, lane, input, run, attempt, select, stage, due
  Upholds  L2, L3, L5, L6, L7, G2, G6
  Clock    the store's
  Memory   allowed
  Cost     O(batch); O(log N) in sessions due in the bucket
]]
local c, hold

local function state_reply()
  if A.cachedDigest ~= "" and A.cachedDigest == c.h.digest then return "1", "" end
  return "", redis.call("HGET", K.session, "state") or ""
end

local function reply_staged(batch_hold, loaded, followers)
  local is_cached, state = state_reply()
  return { "staged", staged_reply(c, batch_hold, loaded), is_cached, state, c.settled, followers, c.h.cursor }
end

-- Nobody here may run it: whoever announces the executor makes it due again.
local function park_unhosted()
  mark(c)
  redis.call("ZADD", K.due, c.t + A.unhostedMs, A.member)
  redis.call("ZADD", K.index, 0, unhosted_entry(c, A.member))
  c.h.isUnhosted = true
  commit(c)
  return { "not_hosted", c.h.executor }
end

local function adopt()
  if not c.h.isUnhosted then return end
  c.h.isUnhosted = false
  mark(c)
  redis.call("ZREM", K.index, unhosted_entry(c, A.member))
end

-- The attempt of a dead holder ends before anything new is staged.
local function bury_dead_holder()
  if not hold then return end
  local phase, effects = step(SESSION_ROWS, c.h.phase, "run.settle", "1")
  if not phase then error("phase " .. c.h.phase .. " holds a run") end
  perform(effects, {
    clearRun = function() lose_attempt(c, hold, A.maxLosses) end,
    indexDue = function() end, -- the claim indexes what it leaves
  })
  put(c, "hold", "")
end

-- A repeat that arrives after its hold ended: the run it would name exists, or the latest settlement
-- carries its claim. Staging under either once more would mix two holds.
local function is_over(run, last)
  return run or (last and string.find(last, "." .. A.claimId .. ".", 1, true))
end

local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "follow", "u" .. A.newRunId, "last")
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
c = open(K.session, now(), rows[1])
if rows[2] ~= "" then hold = decode_hold(rows[2]) end
local followers = live_followers(rows[4], c.t)

if hold and hold.claimId == A.claimId then return reply_staged(hold, reload_batch(c, hold), followers) end
if hold and is_live(hold, c.t, A.leaseMs) then return { "busy", hold.leaseUntil } end
if is_over(rows[5], rows[6]) then
  return { "rest", redis.call("ZSCORE", K.due, A.member) or "", c.settled, followers, c.h.cursor }
end
if has_chores(c) then return { "chores" } end
if c.h.executor ~= "" and not contains(A.executors, c.h.executor) then return park_unhosted() end

adopt()
bury_dead_holder()
local keys = { later = K.later, due = K.due, member = A.member }
local offer = {
  newRunId = A.newRunId, maxInputs = A.maxInputs, maxBytes = A.maxBytes, isBatching = contains(A.batching, c.h.executor),
}
local batch, blocked_until
if may_stage(c) and not has_chores(c) then
  promote(c, K.later)
  batch, blocked_until = select_batch(c, offer)
end
if not batch then
  local at = release(c, keys, A.rewakeMs, blocked_until)
  commit(c)
  return { "rest", at or "", c.settled, followers, c.h.cursor }
end

local next_hold, loaded = stage_batch(c, batch, offer, {
  id = A.claimId, node = A.node, lease = A.leaseMs, meta = K.meta,
})
c.h.epoch, c.h.sweeps = c.h.epoch + 1, 0
commit_later(c, K.later)
index_due(c, K.due, A.member, next_hold.leaseUntil + A.graceMs)
commit(c)
return reply_staged(next_hold, loaded, followers)
