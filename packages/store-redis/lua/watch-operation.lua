--[[
  watch-operation: answer with how an operation ended, or note how many in a process wait for that.

  Keys session

  Arguments
    epochId      text
    operationId  text
    node         text
    count        number  those who wait in this process; 0 for nobody

  Reply
    {"settled", outcome}
    {"watching", status}
    {"stripped", followers, cursor, ended...}    its process is gone, and it with it
    {"unknown"}
    {"ended"}                                    another life of the registry
    {"missing"}
    {"torn"}

  Uses     clock, step, session, ring, lane, input, run, due, continuation, operation
  Upholds  O10, G9
  Clock    the store's
  Memory   allowed
  Cost     O(processes that wait for it)
]]
local MOST_WATCHERS = 2000

local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "bh", "follow")
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])
local registry = OPS.load(c, rows[4])
if not registry or registry.epochId ~= A.epochId then return { "ended" } end
local operation = OPS.find(c, A.operationId)
if not operation then return { "unknown" } end
if operation.seq > 0 then return { "settled", OPS.outcome_of(c, operation) } end
if OPS.is_stripped(c, operation) then
  OPS.strip(c, A.operationId, operation)
  OPS.keep(c)
  commit(c)
  return OPS.append_ended({ "stripped", live_followers(rows[5], c.t), c.head.cursor }, c)
end

local kept = {}
for node, count in string.gmatch(operation.watchers, "([^:,]+):(%d+)") do
  if node ~= A.node then kept[#kept + 1] = node .. ":" .. count end
end
if A.count > 0 and #operation.watchers < MOST_WATCHERS then kept[#kept + 1] = format("%s:%d", A.node, A.count) end
local watchers = table.concat(kept, ",")
if watchers ~= operation.watchers then
  operation.watchers = watchers
  redis.call("HSET", K.session, OPS.id_field(c, A.operationId), encode_operation(operation))
end
return { "watching", operation.status }
