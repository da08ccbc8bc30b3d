--[[
  claim-session: take a session at rest, or one whose holder is dead, and stage its next batch.

  Keys session

  Constants
    node        text
    leaseMs     number
    graceMs     number
    rewakeMs    number
    unhostedMs  number
    maxLosses   number

  Arguments
    member        text  the session in the bucket's indexes
    claimId       text  random per claim
    cachedDigest  text  digest of the state the worker has cached; empty for none
    newRunId      text  used if the batch has no run yet
    offer         text  maxInputs|maxBytes|,hosted,|,batching,|,ranges,|declined

  Reply
    {"staged", isCached, state, followers, cursor, settled..., batch...}
    {"busy", leaseUntil}
    {"chores"}
    {"not_hosted", executor, versions, followers, cursor}
    {"undecided", executor, versions}      the worker must say whether its version lies in the range
    {"rest", dueAt, followers, cursor, settled...}      dueAt empty for none
    {"owing", dueAt, followers, cursor, settled...}     it must be told of detached work that ended
    {"missing"}
    {"torn"}

  Raises   session run.settle, run.stage, input.admit, unregister.commit; input run.lose, run.roll_back, run.stage, input.drop, input.abandon; run run.stage, run.lose, run.roll_back, run.resume, run.split
  Uses     constants, clock, step, session, ring, lane, input, run, continuation, attempt, drop, select, stage, due, reply, claim
  Upholds  L2, L3, L5, L6, L7, G2, G6
  Clock    the store's
  Memory   allowed
  Cost     O(batch), O(300) over a dead holder; O(log N) in sessions due in the bucket
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "follow", "u" .. A.newRunId, "last")
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])
c.index, c.member = K.index, A.member
local followers = live_followers(rows[4], c.t)
local hold, offer = c.hold, decode_offer(A.offer)

if hold and hold.claimId == A.claimId then return staged_answer(c, A.cachedDigest, followers, reload_batch(c)) end
if hold and is_live(hold, c.t) then return { "busy", hold.leaseUntil } end
-- One that is on its way out is taken by nobody: who removes it sees to a dead holder too.
if is_over(A.claimId, rows[5], rows[6]) or is_leaving(c) then
  return append_settled({ "rest", redis.call("ZSCORE", K.due, A.member) or "", followers, c.head.cursor }, c)
end
local expired = ripe_expiries(c, K.later)
if has_chores(c) or #expired > SCRIPT_BATCH then return { "chores" } end
local hosted = c.head.executor == "" and "yes" or hosting(c, offer)
if hosted == "undecided" then return { "undecided", c.head.executor, c.head.versions } end
if hosted == "no" then
  park_unhosted(c, { due = K.due, index = K.index, later = K.later, member = A.member }, A.unhostedMs)
  return { "not_hosted", c.head.executor, c.head.versions, followers, c.head.cursor }
end

leave_unhosted(c, K.index, A.member)
expire(c, K.later, expired)
bury_dead_holder(c, A.maxLosses, K.later)
local batch, blocked_until
if may_stage(c) and not has_chores(c) then
  promote(c, K.later)
  batch, blocked_until = select_batch(c, offer)
end
if not batch then
  local at = release(c, { later = K.later, due = K.due, member = A.member }, A.rewakeMs, blocked_until)
  commit(c)
  return append_settled({ owes_wake(c) and "owing" or "rest", at or "", followers, c.head.cursor }, c)
end

local loaded = stage_batch(c, batch, offer.maxBytes, {
  id = A.claimId, newRunId = A.newRunId, node = A.node, lease = A.leaseMs, meta = K.meta,
})
c.head.epoch, c.head.sweeps = c.head.epoch + 1, 0
commit_later(c, K.later)
index_due(c, K.due, A.member, c.hold.leaseUntil + A.graceMs)
commit(c)
return staged_answer(c, A.cachedDigest, followers, loaded)
