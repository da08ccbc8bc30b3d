-- One step of a compiled machine: the next state and its effects, or nil when it refuses.
local function step(rows, state, event, bits)
  local row = rows[state .. "|" .. event .. "|" .. bits]
  if not row then return nil end
  local colon = string.find(row, ":", 1, true)
  return string.sub(row, 1, colon - 1), string.sub(row, colon + 1)
end

local function bit(fact)
  return fact and "1" or "0"
end

-- Performs named effects in the machine's order; an effect without a handler is a defect and raises.
local function perform(effects, handlers, c, id, record)
  for name in string.gmatch(effects, "[^,]+") do handlers[name](c, id, record) end
end
