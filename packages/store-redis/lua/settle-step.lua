--[[
  settle-step: store the result of a step of the staged run, once.

  Keys session

  Arguments
    token    number  fence
    claimId  text    fence
    runId    text    fence
    index    number  the step's place in the journal, from 1
    key      text    step and digest of its arguments, without spaces
    value    bytes

  Reply
    {"settled", value}   the first result of the step
    {"fenced"}

  Uses     clock
  Upholds  J1, J2
  Clock    the store's
  Memory   allowed
  Cost     O(1)
]]
local rows = redis.call("HMGET", K.session, "hold", "txn")
local hold = rows[1] and rows[1] ~= "" and rows[2] == "" and decode_hold(rows[1]) or nil
if not hold or hold.token ~= A.token or hold.claimId ~= A.claimId or hold.runId ~= A.runId then return { "fenced" } end

local field = format("j%s.%d", A.runId, A.index)
if A.index <= hold.journal then
  local key, value = string.match(redis.call("HGET", K.session, field) or "", "^(%S+) (.*)$")
  if key ~= A.key then return { "fenced" } end
  return { "settled", value }
end
if A.index ~= hold.journal + 1 then return { "fenced" } end
hold.journal, hold.progressAt, hold.stalledAt = A.index, now(), 0
redis.call("HSET", K.session, field, A.key .. " " .. A.value, "hold", encode_hold(hold))
return { "settled", A.value }
