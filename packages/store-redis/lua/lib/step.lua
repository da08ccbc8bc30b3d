-- One step of a compiled machine: the next state and its effects, or nil when it refuses.
local function step(rows, state, event, bits)
  local of_state = rows[event][state]
  local row = of_state and of_state[bits]
  if row then return row.next, row.effects end
end

local function bit(fact)
  return fact and "1" or "0"
end

-- Performs named effects in the machine's order; an effect without a handler is a defect and raises.
local function perform(effects, handlers, c, id, record)
  for i = 1, #effects do handlers[effects[i]](c, id, record) end
end
