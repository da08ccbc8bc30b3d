--[[
  open-operations: take part in a session's registry of background operations: create what is missing,
  strip what processes left behind that are gone, and be heard of.

  Keys session

  Arguments
    node      text
    epochId   text    of the registry, if nobody has opened it in this life
    leaseMs   number
    fromSlot  number  where to go on stripping; 0 to begin

  Reply
    {"opened", epochId, watermark, agentApplied, runtimeObserved, runtimeLastInjected, nextSlot, owned, followers, cursor, ended...}
      nextSlot  where to go on stripping; 0 when done
      owned     operations of this process in progress
    {"refused", phase}
    {"missing"}
    {"torn"}

  Raises   session operations.open, run.stage, input.admit
  Uses     clock, step, session, ring, lane, input, run, due, continuation, operation
  Upholds  O10, O11, G10
  Clock    the store's
  Memory   refused
  Cost     O(operations in progress), at most 100, if some process is gone; else O(1)
]]
local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "bh", "follow")
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
local c = open(K.session, now(), rows[1], rows[2])
if not step(SESSION_ROWS, c.head.phase, "operations.open", "") then return { "refused", c.head.phase } end
if not OPS.load(c, rows[4]) then OPS.renew(c, 1) end
local registry = c.registry

local is_changed = registry.epochId == ""
if is_changed then registry.epochId = A.epochId end
-- Before this process is heard of: what it left behind itself is still its own.
local owner = OPS.find_owner(c, A.node)
if owner then owner.till, is_changed = c.t + A.leaseMs, true end
if registry.waitId ~= "" and registry.waitUntil <= c.t then
  OPS.end_wait(c)
  is_changed = true
end
local next_slot = 0
if OPS.any_lapsed(c) then
  next_slot, is_changed = OPS.strip_lapsed(c, A.fromSlot > 0 and A.fromSlot or registry.active), true
end
if is_changed then
  OPS.keep(c)
  commit(c)
end
return OPS.append_ended({
  "opened", registry.epochId, registry.watermark, registry.agentApplied, registry.runtimeObserved,
  registry.runtimeLastInjected, OPS.any_lapsed(c) and next_slot or 0, owner and owner.count or 0, live_followers(rows[5], c.t), c.head.cursor,
}, c)
