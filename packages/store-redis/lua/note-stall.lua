--[[
  note-stall: note, once per silence, that nothing was seen of the staged run for a long time.

  Keys session

  Arguments
    token    number  fence
    claimId  text    fence
    runId    text    fence

  Reply
    {"noted", silentMs, followers, cursor}   silentMs is how long nothing was seen
    {"fenced"}

  Uses     clock, session
  Upholds  T9, L7
  Clock    the store's
  Memory   allowed
  Cost     O(1)
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "follow")
if not rows[1] or rows[3] ~= "" then return { "fenced" } end
local c = open(K.session, now(), rows[1], rows[2])
local hold = c.hold
if not hold or hold.token ~= A.token or hold.claimId ~= A.claimId or hold.runId ~= A.runId then return { "fenced" } end
local seen_at = math.max(hold.stagedAt, hold.progressAt)
local since = hold.stalledAt > 0 and hold.stalledAt or c.t
if hold.stalledAt == 0 then
  hold.stalledAt = c.t
  set_hold(c, hold)
  emit(c, "run.stalled|" .. hold.runId .. "|" .. math.max(0, c.t - seen_at), hold.startedCursor)
  commit(c)
end
return { "noted", math.max(0, since - seen_at), live_followers(rows[4], c.t), c.head.cursor }
