--[[
  settle-chores: finish at most a batch of the work that another script left behind.

  Keys session

  Arguments
    member          text    the session in the bucket's indexes
    rewakeMs        number
    collectAfterMs  number  from trimming an input to looking for blobs that were its own

  Reply
    {"more" | "done", followers, cursor, settled..., ended...}
    {"missing"}
    {"torn"}

  Raises   session run.stage, input.admit; input input.abandon, input.drop, input.supersede; run run.abandon, run.resume
  Uses     clock, step, session, ring, lane, input, run, continuation, drop, due, trim, operation, reply
  Upholds  L6, G1, G9, G10
  Clock    the store's
  Memory   allowed
  Cost     O(100)
]]
local c

-- An input of an ended generation: its lane place is gone with the generation, so only its row moves.
local function abandon(id, record, chore)
  local status = step(INPUT_ROWS, record.status, "input.abandon", "")
  if not status then return end
  record.status, record.detail, record.changedAfterMs = status, chore.reason, c.t - record.admittedAt
  if record.expiresAt > 0 then set_later(c, "x" .. id, false) end
  settle(c, id, record)
  clear_ended(record)
  write(c, "i" .. id, encode_record(record))
  emit(c, "input.abandoned|" .. id .. "|" .. chore.reason, chore.cause, record.correlationId)
end

local function abandon_all(ids, chore)
  if #ids == 0 then return end
  local records = load_records(c, ids)
  for i = 1, #ids do
    local record = records[i]
    if record.generation <= chore.generation then abandon(ids[i], record, chore) end
  end
end

-- The next stretch of a lane: entries that are still there.
local function take_lane(prefix, from, till)
  local fields, ids = {}, {}
  for place = from, till - 1 do fields[#fields + 1] = prefix .. place end
  for i, raw in ipairs(fetch(c, fields)) do
    if raw then
      local entry = decode_entry(raw)
      -- A run that goes on is ended with the parked ones.
      if entry.inputId ~= "" then ids[#ids + 1] = entry.inputId end
      remove(c, fields[i])
    end
  end
  return ids
end

local function end_lane(chore, prefix, first, last_place)
  local till = math.min(chore[last_place], chore[first] + SCRIPT_BATCH)
  abandon_all(take_lane(prefix, chore[first], till), chore)
  chore[first] = till
end

local function end_run(run_id, chore)
  local run = load_run(c, run_id)
  abandon_all(split(join(run.applied, run.staged)), chore)
  if run.timerAt > 0 then set_later(c, run_id, false) end
  run.status = step(RUN_ROWS, run.status, "run.abandon", "")
  run.staged, run.applied, run.suspension, run.place, run.timerAt = "", "", "", 0, 0
  forget_boundary(c, run_id)
  put_run(c, run_id, run)
end

-- The next parked run, with its inputs; places that runs have left are passed a stretch at a time.
local function end_parked(chore)
  local fields = {}
  for place = chore.parkFrom + 1, math.min(chore.parkTo, chore.parkFrom + SCRIPT_BATCH) do
    fields[#fields + 1] = format("y%d", place)
  end
  for i, run_id in ipairs(fetch(c, fields)) do
    chore.parkFrom = chore.parkFrom + 1
    if run_id then
      remove(c, fields[i])
      return end_run(run_id, chore)
    end
  end
end

-- Those that waited for a time lie between newer ones: `from` counts how many newer ones were passed.
local function end_scheduled(chore)
  local ids = redis.call("ZRANGEBYSCORE", K.later, 0, "+inf", "LIMIT", chore.from, SCRIPT_BATCH)
  local ended, passed = {}, 0
  for _, id in ipairs(ids) do
    local record = id ~= "" and not is_run_id(id) and load_records(c, { id })[1]
    if record and record.generation <= chore.generation then
      ended[#ended + 1] = id
      set_later(c, id, false)
    else
      passed = passed + 1
    end
  end
  abandon_all(ended, chore)
  chore.scheduled = chore.scheduled - #ended
  chore.from = #ids < SCRIPT_BATCH and 0 or chore.from + passed
end

local CHORES = {
  retain = function(chore)
    local is_done = trim(c, chore)
    if is_done then plan_collection(c, K.due, A.member, c.t + A.collectAfterMs) end
    return is_done
  end,
  ["end"] = function(chore)
    if chore.staged ~= "" then
      abandon_all(split(chore.staged), chore)
      chore.staged = ""
    elseif chore.parkFrom < chore.parkTo then
      end_parked(chore)
    elseif chore.steerFrom < chore.steerTo then
      end_lane(chore, "s", PLACE.chore.steerFrom, PLACE.chore.steerTo)
    elseif chore.queueFrom < chore.queueTo then
      end_lane(chore, "q", PLACE.chore.queueFrom, PLACE.chore.queueTo)
    elseif chore.scheduled > 0 then
      end_scheduled(chore)
    end
    return chore.parkFrom >= chore.parkTo and chore.steerFrom >= chore.steerTo and chore.queueFrom >= chore.queueTo
      and chore.scheduled <= 0
  end,
  drop = function(chore) return drop_step(c, chore, K.later) end,
  journal = function(chore)
    local till = math.min(chore.to, chore.from + SCRIPT_BATCH - 1)
    for n = chore.from, till do remove(c, "j" .. chore.runId .. "." .. n) end
    chore.from = till + 1
    return chore.from > chore.to
  end,
  replace = function(chore)
    local till = math.min(chore.to, chore.from + SCRIPT_BATCH)
    if chore.generation == c.head.generation then
      replace_stretch(c, chore, chore.from, till)
    end
    chore.from = till
    return chore.from >= chore.to
  end,
  -- An ended life of the registry: who waits is told, rows and completions go.
  operations = function(chore)
    OPS.renew(c, chore.life)
    if chore.slots > 0 then
      local till = math.max(chore.slots - SCRIPT_BATCH, 0)
      for slot = chore.slots, till + 1, -1 do
        local field = OPS.field(c, "a", slot)
        local id = fetch(c, { field })[1]
        OPS.tell_ended(c, id, OPS.find(c, id), OPERATION_RULES.lost)
        remove(c, OPS.id_field(c, id))
        remove(c, field)
      end
      chore.slots = till
    else
      local till = math.min(chore.to, chore.from + SCRIPT_BATCH - 1)
      for seq = chore.from, till do
        local id = OPS.kept_id(c, seq)
        if id then OPS.forget(c, id, seq) end
        remove(c, OPS.field(c, "f", seq))
      end
      chore.from = till + 1
    end
    local is_done = chore.slots == 0 and chore.from > chore.to
    if is_done then c.ended_wait = { chore.waitId, chore.waitNode } end
    return is_done
  end,
  -- Operations of processes that were not heard of: runs that wait for them go on.
  strip = function(chore)
    OPS.load(c, redis.call("HGET", K.session, "bh"))
    if c.registry.life ~= chore.life then return true end
    c.is_looking = true
    chore.slots = OPS.strip_lapsed(c, chore.slots)
    if chore.slots == 0 then OPS.look_later(c) end
    OPS.keep(c)
    return chore.slots == 0
  end,
  resume = function(chore)
    chore.staged = OPS.resume_runs(c, chore.operationId, chore.staged, chore.reason)
    return chore.staged == ""
  end,
  -- Everything but the tombstone: head, bookkeeping, reports of control commands, the terminal event.
  purge = function(chore)
    local terminal = "e" .. chore.from
    local page = redis.call("HSCAN", K.session, chore.cursor, "COUNT", SCRIPT_BATCH)
    for i = 1, #page[2], 2 do
      local field = page[2][i]
      local is_data = string.find(field, "^[ipqskcruoedfjnbtmvyl].") and not KEPT_FIELDS[field] or string.find(field, "^hc")
      if is_data and field ~= terminal then remove(c, field) end
    end
    remove(c, "state")
    remove(c, "last")
    remove(c, "leave")
    remove(c, "labels")
    remove(c, "schedules")
    chore.cursor = page[1]
    if chore.cursor == "0" then plan_collection(c, K.due, A.member, c.t) end
    return chore.cursor == "0"
  end,
}

local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "follow")
if not rows[1] then return { "missing" } end
if rows[3] ~= "" then return { "torn" } end
c = open(K.session, now(), rows[1], rows[2])
local followers = live_followers(rows[4], c.t)
c.ended, c.ended_wait = {}, {}
local expired = ripe_expiries(c, K.later)
local is_changed, is_left = false, #expired > SCRIPT_BATCH
if is_look_due(c) then
  local chore, registry = new_chore(c, "strip"), OPS.load(c, redis.call("HGET", K.session, "bh"))
  chore.life, chore.slots, c.head.lookAt = registry.life, registry.active, 0
  add_chore(c, chore)
end
if has_chores(c) then
  local field = "x" .. c.head.choresHead
  local chore = decode_chore(fetch(c, { field })[1])
  if CHORES[chore.kind](chore) then
    remove(c, field)
    c.head.choresHead = c.head.choresHead + 1
  else
    put(c, field, encode_chore(chore))
  end
  is_changed, is_left = true, has_chores(c) or #expired > 0
elseif #expired > 0 then
  expire(c, K.later, expired)
  is_changed = true
end
if is_changed then
  commit_later(c, K.later)
  -- Whoever holds the session is due by the lease, and looks before it lets go.
  if not c.hold then index_due(c, K.due, A.member, due_at_rest(c, K.later, c.t + A.rewakeMs)) end
  commit(c)
end
return OPS.append_ended(append_settled({ is_left and "more" or "done", followers, c.head.cursor }, c), c)
