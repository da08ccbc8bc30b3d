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
-- What the handlers get beside the context is for the caller to say.
local function perform(effects, handlers, c, subject, more)
  for i = 1, #effects do handlers[effects[i]](c, subject, more) end
end
