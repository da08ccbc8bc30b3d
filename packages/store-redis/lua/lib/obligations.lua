-- What an unregistration owes before a session can be removed; see `LEAVE` for its row.
local OBLIGATIONS = {
  { name = "loop", place = PLACE.leave.loop },
  { name = "drain", place = PLACE.leave.drain },
  { name = "waiters", place = PLACE.leave.waiters },
}

local function place_of(name)
  for _, obligation in ipairs(OBLIGATIONS) do
    if obligation.name == name then return obligation.place end
  end
  error("no obligation " .. name)
end

local function is_open(leave, place)
  return leave[place] == OBLIGATION_INITIAL
end

-- Names of those that are open, joined by commas.
local function open_names(leave)
  local names = {}
  for _, obligation in ipairs(OBLIGATIONS) do
    if is_open(leave, obligation.place) then names[#names + 1] = obligation.name end
  end
  return table.concat(names, ",")
end

-- What a register is refused with: who is still to be waited for, or nothing outside of an unregistration.
local function open_obligations(c)
  if not is_leaving(c) then return "" end
  local raw = redis.call("HGET", c.key, "leave")
  return raw and open_names(decode_leave(raw)) or ""
end

local function close_obligation(leave, place, is_forced)
  leave[place] = step(OBLIGATION_ROWS, leave[place], "obligation.close", bit(is_forced)) or leave[place]
end
