-- A policy column as the ingress encodes it.
local function decode_column(raw)
  local lane, mode, consumed, signal, boundary, policy = string.match(raw, "^(.-)|(.-)|(.-)|(.-)|(.-)|(.*)$")
  return { lane = lane, mode = mode, isConsumed = consumed == "1", signal = signal, boundary = boundary, policy = policy }
end

-- The status as every reader sees it: inputs of an ended generation are abandoned at once, their
-- rows follow in bounded steps.
local function current_status(c, record)
  if record.generation == c.h.generation or INPUT_FINAL[record.status] then return record.status end
  return (step(INPUT_ROWS, record.status, "input.abandon", ""))
end
