-- Ends the inputs that need not survive: when a dead holder is buried, when an operator recycles or
-- recovers. They lie between others, so the search is bounded; `chore` says where it goes on, with
-- `scheduled` = how many are still to be found, `to` = the last admission that is meant.

local function drop_found(c, ids, chore)
  if #ids == 0 then return 0 end
  local records, dropped = load_records(c, ids), 0
  for i = 1, #ids do
    local record = records[i]
    if record.admission <= chore.to and is_passing(record) then
      record.detail = REASON.dropped
      if record.isTelling then c.head.isOwing = true end
      move_input(c, ids[i], record, "input.drop")
      emit(c, "input.abandoned|" .. ids[i] .. "|" .. REASON.dropped, nil, record.correlationId)
      dropped = dropped + 1
    end
  end
  chore.scheduled = chore.scheduled - dropped
  return dropped
end

local function drop_from_lane(c, chore, prefix, first, last_place)
  local till = math.min(chore[last_place], chore[first] + SCRIPT_BATCH)
  local fields, ids = {}, {}
  for place = chore[first], till - 1 do fields[#fields + 1] = format("%s%d", prefix, place) end
  for _, raw in ipairs(fetch(c, fields)) do
    if raw then
      local entry = decode_entry(raw)
      if entry.inputId ~= "" then ids[#ids + 1] = entry.inputId end
    end
  end
  drop_found(c, ids, chore)
  chore[first] = till
end

-- `from` counts how many of those that wait for a time were passed.
local function drop_from_later(c, chore, later_key)
  local members, ids = redis.call("ZRANGEBYSCORE", later_key, 0, "+inf", "LIMIT", chore.from, SCRIPT_BATCH), {}
  local passed = 0
  for _, id in ipairs(members) do
    if is_run_id(id) then passed = passed + 1 elseif id ~= "" then ids[#ids + 1] = id end
  end
  chore.from = chore.from + passed + #ids - drop_found(c, ids, chore)
  -- At once: who looks into the set later in this script must not find what was dropped.
  commit_later(c, later_key)
  if #members < SCRIPT_BATCH then chore.scheduled = 0 end
end

-- One bounded step; answers whether nothing is left to be found.
local function drop_step(c, chore, later_key)
  -- What an ended generation held is another chore's.
  if chore.generation ~= c.head.generation then return true end
  if chore.steerFrom < chore.steerTo then
    drop_from_lane(c, chore, "s", PLACE.chore.steerFrom, PLACE.chore.steerTo)
  elseif chore.queueFrom < chore.queueTo then
    drop_from_lane(c, chore, "q", PLACE.chore.queueFrom, PLACE.chore.queueTo)
  else
    drop_from_later(c, chore, later_key)
  end
  return chore.scheduled <= 0
end

local MOST_STEPS = 3

-- Drops what a few steps find, and leaves the rest to a chore; answers how many end.
local function drop_passing(c, later_key)
  local head = c.head
  local count = head.passing
  if count == 0 then return 0 end
  local chore = new_chore(c, "drop")
  chore.scheduled, chore.to = count, head.admitted
  chore.steerFrom, chore.steerTo = head.steerHead, head.steerTail
  chore.queueFrom, chore.queueTo = head.queueHead, head.queueTail
  for _ = 1, MOST_STEPS do
    if drop_step(c, chore, later_key) then return count end
  end
  add_chore(c, chore)
  return count
end
