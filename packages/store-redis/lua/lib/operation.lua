-- The registry of a session's background operations. Its row and its owners stand in the context;
-- the fields of its operations carry its life, so that those of an ended life are in nobody's way. The
-- functions stand in one table, because a chunk of Lua has room for 200 names only.

local OPS = {}

-- Owners are `node:until:count,…`, each with operations in progress.
function OPS.decode_owners(text)
  local owners = {}
  for node, till, count in string.gmatch(text, "([^:,]+):(%d+):(%d+)") do
    owners[#owners + 1] = { node = node, till = tonumber(till), count = tonumber(count) }
  end
  return owners
end

function OPS.encode_owners(owners)
  local parts = {}
  for i = 1, #owners do
    local owner = owners[i]
    if owner.count > 0 then parts[#parts + 1] = format("%s:%d:%d", owner.node, owner.till, owner.count) end
  end
  return table.concat(parts, ",")
end

function OPS.load(c, raw)
  if not raw then return nil end
  c.registry = decode_registry(raw)
  c.owners, c.ended, c.ended_wait = OPS.decode_owners(c.registry.owners), {}, {}
  return c.registry
end

-- A registry that begins its next life; nobody has opened it yet.
function OPS.renew(c, life)
  local registry = blank_registry()
  registry.life, registry.evictFrom = life, 1
  c.registry, c.owners, c.ended, c.ended_wait = registry, {}, {}, {}
end

function OPS.keep(c)
  c.registry.owners = OPS.encode_owners(c.owners)
  write(c, "bh", encode_registry(c.registry))
end

function OPS.field(c, kind, number)
  return format("b%d.%s%d", c.registry.life, kind, number)
end

function OPS.id_field(c, id)
  return format("b%d.o", c.registry.life) .. id
end

function OPS.find(c, id)
  local raw = fetch(c, { OPS.id_field(c, id) })[1]
  return raw and decode_operation(raw) or nil
end

function OPS.save(c, id, operation)
  put(c, OPS.id_field(c, id), encode_operation(operation))
end

-- How an operation ended; empty while it is in progress.
function OPS.outcome_of(c, operation)
  if operation.seq == 0 then return "" end
  local completion = decode_completion(fetch(c, { OPS.field(c, "f", operation.seq) })[1])
  return completion.outcome
end

-- The latest requests of an operation, so that a repeated call is told from another one.
local MOST_REQUESTS = 8

function OPS.has_request(operation, id)
  return string.find("," .. operation.requests .. ",", "," .. id .. ",", 1, true) ~= nil
end

function OPS.note_request(operation, id)
  local kept = { id }
  for known in string.gmatch(operation.requests, "[^,]+") do
    if #kept < MOST_REQUESTS then kept[#kept + 1] = known end
  end
  operation.requests = table.concat(kept, ",")
end

-- What the session keeps, by its settings.
function OPS.kept_limits(settings)
  local limits = settings and cjson.decode(settings).operations or {}
  local most = limits.maxCompleted or OPERATION_RULES.maxCompleted
  return { maxConcurrent = limits.maxConcurrent, maxCompleted = most, feed = math.max(OPERATION_RULES.feedPerCompleted * most, OPERATION_RULES.leastFeed) }
end

function OPS.find_owner(c, node)
  for i = 1, #c.owners do
    if c.owners[i].node == node then return c.owners[i] end
  end
end

-- A process has so many more operations in progress; it is heard of now.
function OPS.own(c, node, lease)
  local owner = OPS.find_owner(c, node)
  if not owner then
    owner = { node = node, till = 0, count = 0 }
    c.owners[#c.owners + 1] = owner
  end
  owner.till, owner.count = c.t + lease, owner.count + 1
end

function OPS.disown(c, operation)
  local owner = OPS.find_owner(c, operation.owner)
  owner.count = owner.count - 1
end

function OPS.is_lapsed(c, node)
  local owner = OPS.find_owner(c, node)
  return not owner or owner.till <= c.t
end

function OPS.any_lapsed(c)
  for i = 1, #c.owners do
    if c.owners[i].count > 0 and c.owners[i].till <= c.t then return true end
  end
  return false
end

-- Those in progress stand at slots 1 to n without a gap: the last moves where one leaves.
function OPS.join_active(c, id, operation)
  local registry = c.registry
  registry.active = registry.active + 1
  operation.slot = registry.active
  put(c, OPS.field(c, "a", registry.active), id)
end

function OPS.leave_active(c, operation)
  local registry, slot = c.registry, operation.slot
  local last_field = OPS.field(c, "a", registry.active)
  if slot < registry.active then
    local moved_id = fetch(c, { last_field })[1]
    local moved_operation = OPS.find(c, moved_id)
    moved_operation.slot = slot
    OPS.save(c, moved_id, moved_operation)
    put(c, OPS.field(c, "a", slot), moved_id)
  end
  remove(c, last_field)
  registry.active, operation.slot = registry.active - 1, 0
end

-- The wait is over: what was passed for it is evicted like any other.
function OPS.end_wait(c)
  local registry = c.registry
  registry.waitId, registry.waitNode, registry.waitUntil = "", "", 0
  registry.waitTotal, registry.waitSeen, registry.waitLeft = 0, 0, 0
  if registry.passedFrom > 0 then registry.evictFrom, registry.passedFrom = registry.passedFrom, 0 end
end

function OPS.is_waited(c, operation)
  return operation.waitId ~= "" and operation.waitId == c.registry.waitId
end

-- The operation a run is suspended on, if it is one.
function OPS.awaited_by(run)
  return run.suspension ~= "" and cjson.decode(run.suspension).operationId or nil
end

-- While a run waits, somebody looks again when the first process is to be heard of again at the latest: one that
-- is gone ends nothing, and nobody else would notice.
function OPS.look_later(c)
  local at = 0
  for i = 1, #c.owners do
    local owner = c.owners[i]
    if owner.count > 0 and (at == 0 or owner.till < at) then at = owner.till end
  end
  c.head.lookAt = c.head.awaiting > 0 and at or 0
end

-- Whether a run waits for it; those of an ended generation do not.
function OPS.is_awaited(c, operation)
  return operation.runs ~= "" and c.head.awaiting > 0
end

-- A run waits for an operation; answers how that ended if it did, JSON null if nothing is known of it.
function OPS.await(c, id, run_id)
  local registry = OPS.load(c, redis.call("HGET", c.key, "bh"))
  local operation = registry and OPS.find(c, id)
  if not operation then return "null" end
  if operation.seq > 0 then return OPS.outcome_of(c, operation) end
  operation.runs = join(operation.runs, run_id)
  OPS.save(c, id, operation)
  c.head.awaiting = c.head.awaiting + 1
  OPS.look_later(c)
end

local function stop_awaiting(c)
  c.head.awaiting = c.head.awaiting - 1
  if c.head.awaiting == 0 then c.head.lookAt = 0 end
end

-- A run goes on before the operation it waits for has ended.
function OPS.leave(c, run_id, run)
  local id = OPS.awaited_by(run)
  if not id then return end
  stop_awaiting(c)
  OPS.load(c, redis.call("HGET", c.key, "bh"))
  local operation = OPS.find(c, id)
  if not operation then return end
  local kept = string.gsub("," .. operation.runs .. ",", "," .. run_id .. ",", ",", 1)
  operation.runs = string.sub(kept, 2, -2)
  OPS.save(c, id, operation)
end

-- Lets runs that waited for an operation go on with how it ended, a batch of them in one script; answers the rest, and
-- whether one goes on.
function OPS.resume_runs(c, id, list, outcome)
  local is_any = false
  c.looked = c.looked or 0
  while list ~= "" and c.looked < SCRIPT_BATCH do
    local run_id = string.match(list, "^[^,]+")
    list, c.looked = string.sub(list, #run_id + 2), c.looked + 1
    local run = load_run(c, run_id)
    -- One that was ended with its generation, or resumed by somebody in between, is left alone.
    if run.place > 0 and run.generation == c.head.generation and OPS.awaited_by(run) == id then
      put(c, "v" .. run_id, outcome)
      stop_awaiting(c)
      resume_run(c, run_id, run)
      c.is_resumed, is_any = true, true
    end
  end
  return list, is_any
end

function OPS.resume_awaiting(c, id, operation, outcome)
  local rest, is_any = OPS.resume_runs(c, id, operation.runs, outcome)
  operation.runs = ""
  if rest == "" then return is_any end
  local chore = new_chore(c, "resume")
  chore.operationId, chore.staged, chore.reason = id, rest, outcome
  add_chore(c, chore)
  return true
end

-- An operation ended: whoever waits for it is told, and for all of them if it was the last. Answers whether a run waited.
function OPS.tell_ended(c, id, operation, outcome)
  local is_awaited = operation.runs ~= "" and OPS.resume_awaiting(c, id, operation, outcome)
  local ended, registry, nodes = c.ended, c.registry, {}
  for node in string.gmatch(operation.watchers, "([^:,]+):%d+") do nodes[#nodes + 1] = node end
  ended[#ended + 1], ended[#ended + 2] = id, table.concat(nodes, ",")
  operation.watchers = ""
  if not OPS.is_waited(c, operation) then return is_awaited end
  registry.waitLeft = registry.waitLeft - 1
  if registry.waitLeft > 0 or registry.waitSeen < registry.waitTotal then return is_awaited end
  c.ended_wait = { registry.waitId, registry.waitNode }
  OPS.end_wait(c)
  return is_awaited
end

-- The end of detached work is owed to the session, unless a run waited for it; of other work it is enough to have looked.
function OPS.note_completion(c, operation, is_awaited)
  local registry = c.registry
  if OPERATION_RULES.waking[operation.kind] and not is_awaited then
    registry.wakingThrough, c.head.isOwing = registry.watermark, true
  elseif not c.head.isOwing and c.head.executor ~= "" then
    registry.runtimeObserved = registry.watermark
  end
end

-- The session is told of everything that has ended so far.
function OPS.note_told(c)
  local registry = OPS.load(c, redis.call("HGET", c.key, "bh"))
  registry.runtimeObserved, registry.runtimeLastInjected = registry.watermark, registry.watermark
  registry.tellings, c.head.isOwing = registry.tellings + 1, false
  OPS.keep(c)
end

-- What ended before anybody ran the session is history: only what follows wakes it. A session that
-- was run before is told of what it has missed.
function OPS.skip_history(c)
  if not c.head.isOwing or c.head.executor ~= "" then return end
  local registry = decode_registry(redis.call("HGET", c.key, "bh"))
  if registry.agentApplied + registry.runtimeObserved + registry.runtimeLastInjected == 0 then OPS.note_told(c) end
end

-- Whether an operation is kept under a completion.
function OPS.kept_id(c, seq)
  return fetch(c, { OPS.field(c, "c", seq) })[1]
end

function OPS.forget(c, id, seq)
  local registry = c.registry
  remove(c, OPS.id_field(c, id))
  remove(c, OPS.field(c, "c", seq))
  registry.retained = registry.retained - 1
  if seq <= registry.droppedThrough then remove(c, OPS.field(c, "f", seq)) end
end

-- Keeps the feed and the ended operations within their bounds; what is waited for stays.
function OPS.trim(c, limits)
  local registry = c.registry
  for _ = 1, SCRIPT_BATCH do
    if registry.watermark - registry.droppedThrough <= limits.feed then break end
    registry.droppedThrough = registry.droppedThrough + 1
    if not OPS.kept_id(c, registry.droppedThrough) then remove(c, OPS.field(c, "f", registry.droppedThrough)) end
  end
  for _ = 1, SCRIPT_BATCH do
    local seq = registry.evictFrom
    if registry.retained <= limits.maxCompleted or seq > registry.watermark then break end
    local id = OPS.kept_id(c, seq)
    if id and OPS.is_waited(c, OPS.find(c, id)) then
      if registry.passedFrom == 0 then registry.passedFrom = seq end
    elseif id then
      OPS.forget(c, id, seq)
    end
    registry.evictFrom = seq + 1
  end
end

-- `said` = { outcome, peerHandle }.
OPS.EFFECTS = {
  markStarted = function(c, _, operation) operation.startedAt = c.t end,
  countProgress = function(_, _, operation) operation.progressCount = operation.progressCount + 1 end,
  markPeerReady = function(_, _, operation, said)
    operation.isPeerReady, operation.peerHandle = true, said.peerHandle
  end,
  recordCompletion = function(c, id, operation, said)
    local registry = c.registry
    OPS.leave_active(c, operation)
    OPS.disown(c, operation)
    registry.watermark, registry.retained = registry.watermark + 1, registry.retained + 1
    operation.seq, operation.completedAt = registry.watermark, c.t
    local completion = blank_completion()
    completion.operationId, completion.kind, completion.displayName = id, operation.kind, operation.displayName
    completion.outcome, completion.completedAt = said.outcome, c.t
    put(c, OPS.field(c, "f", registry.watermark), encode_completion(completion))
    put(c, OPS.field(c, "c", registry.watermark), id)
    emit(c, format("operation.ended|%d|%s|%s|%s", registry.watermark, operation.kind, operation.status, id))
    OPS.note_completion(c, operation, OPS.tell_ended(c, id, operation, said.outcome))
  end,
}

-- Moves one operation; false when its machine refuses, and nothing changed.
function OPS.move(c, id, operation, event, said)
  local bits = ""
  if event == "operation.peer_ready" then bits = bit(OPERATION_RULES.peer[operation.kind]) .. bit(operation.isPeerReady) end
  local status, effects = step(OPERATION_ROWS, operation.status, event, bits)
  if not status then return false end
  operation.status = status
  for i = 1, #effects do OPS.EFFECTS[effects[i]](c, id, operation, said) end
  OPS.save(c, id, operation)
  return true
end

-- An operation whose process is gone leaves without a completion: nobody knows what became of it.
function OPS.strip(c, id, operation)
  OPS.leave_active(c, operation)
  OPS.disown(c, operation)
  OPS.tell_ended(c, id, operation, OPERATION_RULES.lost)
  remove(c, OPS.id_field(c, id))
end

-- Whether an operation is left behind. One that a run waits for leaves when it is looked after (see `lookAt`), by whoever
-- can see to that run too.
function OPS.is_stripped(c, operation)
  return OPS.is_lapsed(c, operation.owner) and (c.is_looking or not OPS.is_awaited(c, operation))
end

-- Strips operations of processes that were not heard of, from a slot downwards; answers where to go on.
function OPS.strip_lapsed(c, from)
  local slot = math.min(from, c.registry.active)
  local till = math.max(slot - SCRIPT_BATCH, 0)
  while slot > till do
    local id = fetch(c, { OPS.field(c, "a", slot) })[1]
    local operation = OPS.find(c, id)
    if OPS.is_stripped(c, operation) then OPS.strip(c, id, operation) end
    slot = slot - 1
  end
  return slot
end

-- A continuation is due now or soon, if somebody may run it.
function OPS.hasten_owed(c, keys, delay)
  if not owes_wake(c) or has_chores(c) then return false end
  redis.call("ZADD", keys.due, "LT", digits(c.t + delay), keys.member)
  return true
end

-- Runs go on that waited for what ended: whether somebody is to be woken for them.
function OPS.hasten_resumed(c, keys, delay)
  if not c.is_resumed or c.hold then return false end
  local is_chore = has_chores(c)
  if not is_chore and not may_stage(c) then return false end
  mark(c)
  redis.call("ZADD", keys.due, "LT", digits(is_chore and c.t or c.t + delay), keys.member)
  return not is_chore
end

-- Appends who must be told: of operations by id and processes, and of a wait.
function OPS.append_ended(reply, c)
  local n, ended = #reply + 1, c.ended
  reply[n] = #ended / 2
  for i = 1, #ended do reply[n + i] = ended[i] end
  n = n + #ended
  reply[n + 1], reply[n + 2] = c.ended_wait[1] or "", c.ended_wait[2] or ""
  return reply
end
