--[[
  renew-holds: extend the leases of a worker's holds, all in one call.

  Keys hold pairs: session, due

  Arguments
    leaseMs  number
    graceMs  number
    holds    rest    member and claim id of each, in the order of the keys

  Reply
    a list, one per hold: "lost", or <run>|<how it was asked to end>|<whether an input asks for attention>

  Uses     clock, session
  Upholds  L6, L7
  Clock    the store's
  Memory   allowed
  Cost     O(holds), at most 100
]]
local t = now()
local reply = {}
for i = 1, #KEYS / 2 do
  local session, due = KEYS[2 * i - 1], KEYS[2 * i]
  local member, claim_id = A.holds[2 * i - 1], A.holds[2 * i]
  local rows = redis.call("HMGET", session, "hold", "txn")
  -- A torn session renews nothing: its commit would be refused, so its executor had better stop.
  local hold = rows[1] and rows[1] ~= "" and rows[2] == "" and decode_hold(rows[1]) or nil
  -- An ended lease that nobody took is extended all the same: whoever takes it changes the claim id.
  if hold and hold.claimId == claim_id then
    hold.leaseUntil, hold.leaseMs = t + A.leaseMs, A.leaseMs
    redis.call("HSET", session, "hold", encode_hold(hold))
    local due_at = hold.leaseUntil + A.graceMs
    if hold.lookAt > 0 then due_at = math.min(due_at, hold.lookAt) end
    redis.call("ZADD", due, digits(due_at), member)
    reply[i] = hold.runId .. "|" .. hold.cancelMode .. "|" .. (hold.isAttentionAsked and "1" or "")
  else
    reply[i] = "lost"
  end
end
return reply
