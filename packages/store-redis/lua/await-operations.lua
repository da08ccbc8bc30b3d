--[[
  await-operations: begin, keep up or end the one wait for the end of several operations.

  Keys session

  Arguments
    epochId       text
    waitId        text
    node          text
    leaseMs       number
    action        text    begin, renew, cancel
    total         number  operations the wait names
    from          number  how many of them were named by earlier calls
    operationIds  rest    the next of them, at most 100

  Reply
    {"pending", left, followers, cursor, ended...}
    {"satisfied", followers, cursor, ended...}
    {"active", waitId}           another wait is active
    {"unknown", operationId}     and the wait is cancelled
    {"dropped"}
    {"over"}                     it is not, or no longer, the active wait
    {"ended"}                    another life of the registry
    {"missing"}
    {"torn"}

  Uses     clock, step, session, ring, lane, input, run, due, continuation, operation
  Upholds  O9, O10, O12
  Clock    the store's
  Memory   allowed
  Cost     O(operations named), at most 100; as many where some process is gone
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "bh", "follow")
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])
local registry = OPS.load(c, rows[4])
if not registry or registry.epochId ~= A.epochId then return { "ended" } end

local function finish(reply)
  OPS.keep(c)
  commit(c)
  return reply
end

local is_own = registry.waitId == A.waitId
if A.action == "cancel" then
  if not is_own then return { "over" } end
  OPS.end_wait(c)
  return finish({ "dropped" })
end
if A.action == "renew" and not is_own then return { "over" } end
if not is_own then
  if registry.waitId ~= "" and registry.waitUntil > c.t then return { "active", registry.waitId } end
  -- What began a wait and lost it cannot go on in the middle.
  if A.from > 0 then return { "over" } end
  if registry.waitId ~= "" then OPS.end_wait(c) end
  registry.waitId, registry.waitNode, registry.waitTotal = A.waitId, A.node, A.total
end
registry.waitUntil = c.t + A.leaseMs

-- Operations that an earlier sending of this call has named are known already.
if A.action == "begin" and A.from == registry.waitSeen then
  for i = 1, #A.operationIds do
    local id = A.operationIds[i]
    local operation = OPS.find(c, id)
    if not operation then
      OPS.end_wait(c)
      return finish({ "unknown", id })
    end
    operation.waitId = A.waitId
    OPS.save(c, id, operation)
    if operation.seq == 0 then registry.waitLeft = registry.waitLeft + 1 end
  end
  registry.waitSeen = registry.waitSeen + #A.operationIds
end
if OPS.any_lapsed(c) then OPS.strip_lapsed(c, registry.active) end
local followers = live_followers(rows[5], c.t)
if registry.waitId == A.waitId and registry.waitLeft == 0 and registry.waitSeen == registry.waitTotal then OPS.end_wait(c) end
if registry.waitId ~= A.waitId then
  return finish(OPS.append_ended({ "satisfied", followers, c.head.cursor }, c))
end
return finish(OPS.append_ended({ "pending", registry.waitLeft, followers, c.head.cursor }, c))
