-- Effects of control verbs. `command` = { verb, report, staged, pending, abortNode, dueAt, rewake,
-- maxLosses, member, meta, index, due, later }.

local function staged_count(c)
  local hold = c.hold
  return hold and list_length(hold.staged) + list_length(hold.applied) or 0
end

local function pending_count(c)
  return c.head.queued + c.head.scheduled + c.head.parked + staged_count(c)
end

-- The facts a verb's event carries, in the order the machine declares.
local function control_bits(c, verb, is_busy)
  local head = c.head
  if verb == "retire" then
    return bit(c.hold ~= nil) .. bit(head.executor ~= "") .. bit(head.queued + head.scheduled + head.parked > 0)
  end
  return (verb == "stop" or verb == "destroy") and "" or bit(is_busy)
end

-- Ends every input at once for every reader: the generation moves. Rows follow in chores.
local function abandon_all(reason)
  return function(c, command)
    local head, report = c.head, command.report
    report.inputsAbandoned = command.pending
    write(c, format("g%d", head.generation), reason)
    if command.pending > 0 then
      local chore = new_chore(c, "end")
      -- The fact that the verb was applied is the next and last of its script.
      chore.cause = head.cursor + 1
      chore.reason, chore.scheduled, chore.staged = reason, head.scheduled, command.staged
      chore.steerFrom, chore.steerTo = head.steerHead, head.steerTail
      chore.queueFrom, chore.queueTo = head.queueHead, head.queueTail
      chore.parkFrom, chore.parkTo = head.parkHead, head.parkTail
      add_chore(c, chore)
    end
    head.generation = head.generation + 1
    -- The chore ends what stands up to here. What goes before everything must not come to stand among that, so each lane
    -- keeps more places free than are taken there before the chore is over.
    head.steerTail, head.queueTail = head.steerTail + 10000 * SCRIPT_BATCH, head.queueTail + 10000 * SCRIPT_BATCH
    head.steerHead, head.queueHead = head.steerTail, head.queueTail
    head.queued, head.waking, head.scheduled = 0, 0, 0
    head.passing, head.expiring = 0, 0
    head.parked, head.continued, head.timers, head.parkHead = 0, 0, 0, head.parkTail
    head.awaiting, head.lookAt = 0, 0
  end
end

-- Ends the registry's life. What was in progress is told and removed in chores.
local function end_registry(c)
  local raw = redis.call("HGET", c.key, "bh")
  c.head.isOwing = false
  if not raw then return end
  local registry = OPS.load(c, raw)
  local chore = new_chore(c, "operations")
  chore.life, chore.slots, chore.to = registry.life, registry.active, registry.watermark
  chore.from = math.min(registry.droppedThrough + 1, registry.evictFrom)
  if registry.passedFrom > 0 then chore.from = math.min(chore.from, registry.passedFrom) end
  chore.waitId, chore.waitNode = registry.waitId, registry.waitNode
  if chore.slots > 0 or chore.from <= chore.to then add_chore(c, chore) end
  OPS.renew(c, registry.life + 1)
  OPS.keep(c)
end

local CONTROL_EFFECTS = {
  abortRun = function(c, command)
    local hold, report = c.hold, command.report
    if hold then command.abortNode, report.abortedRunId = hold.node, hold.runId end
  end,
  clearRun = function(c, command)
    local hold = c.hold
    if not hold then return end
    command.staged = join(hold.applied, hold.staged)
    local run = move_run(c, hold, "run.abandon")
    run.inputs = hold.staged
    put_run(c, hold.runId, run)
    set_hold(c, nil)
  end,
  -- Those whose last loss this is end; those that need not survive are counted as dropped.
  returnStaged = function(c, command)
    local hold, report = c.hold, command.report
    if not hold then return end
    local ids = split(join(hold.applied, hold.staged))
    lose_attempt(c, command.maxLosses)
    for _, record in ipairs(load_records(c, ids)) do
      if INPUT_FINAL[record.status] then
        report.inputsAbandoned = report.inputsAbandoned + 1
      elseif not record.isEphemeral then
        report.inputsRequeued = report.inputsRequeued + 1
      end
    end
  end,
  dropPassing = function(c, command)
    local report = command.report
    report.inputsDropped = drop_passing(c, command.later)
  end,
  bumpToken = function(c, command) send(c, "HINCRBY", command.meta, "token", 1) end,
  ["abandonAll.retired"] = abandon_all(REASON.retired),
  ["abandonAll.reset"] = abandon_all(REASON.reset),
  ["abandonAll.stopped"] = abandon_all(REASON.stopped),
  ["abandonAll.destroyed"] = abandon_all(REASON.destroyed),
  ["abandonAll.unregistered"] = abandon_all(REASON.unregistered),
  endOperations = function(c) end_registry(c) end,
  unbind = function(c, command)
    if c.head.isUnhosted then send(c, "ZREM", command.index, unhosted_entry(c, command.member)) end
    c.head.executor, c.head.versions, c.head.isUnhosted = "", "", false
  end,
  leaveDirectory = function(c, command)
    send(c, "ZREM", command.index, "d " .. command.member, "l " .. command.member)
    unlist_labels(c, command.index, command.member, redis.call("HGET", c.key, "labels"))
  end,
  -- The event of this very command stays: it is the last thing a reader of the session must see (G12).
  purge = function(c)
    c.head.openLetters = 0
    local chore = new_chore(c, "purge")
    chore.from = c.head.cursor + 1
    add_chore(c, chore)
  end,
  indexDue = function(c, command)
    commit_later(c, command.later)
    if c.hold then return end
    c.head.epoch = c.head.epoch + 1
    command.dueAt = due_at_rest(c, command.later, c.t + command.rewake)
    index_due(c, command.due, command.member, command.dueAt)
  end,
}

local function count_for_verb(c, command)
  local report = command.report
  if command.verb == "retire" then report.inputsPendingDrain = pending_count(c) end
  -- What a chore is still to drop is not carried over.
  local kept = command.pending - report.inputsAbandoned - report.inputsDropped
  if command.verb == "recycle" then report.inputsTransferred = kept end
  if command.verb == "recover" then report.inputsRecovered = kept end
end

-- `answer` = { isRepeat, report, followers, abortNode, dueAt, rewake }.
local function control_answer(c, answer)
  local wakes = answer.dueAt and answer.dueAt <= c.t + answer.rewake and not has_chores(c)
  return append_settled({
    "applied", answer.isRepeat and "1" or "", { unpack_row(answer.report) }, answer.abortNode or "",
    wakes and c.head.epoch or "", c.head.executor, has_chores(c) and "1" or "", answer.followers, c.head.cursor,
  }, c)
end
