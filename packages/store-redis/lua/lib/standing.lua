-- The status as every reader sees it: inputs of an ended generation are abandoned at once, their
-- rows follow in bounded steps.
local function current_status(c, record)
  if record.generation == c.head.generation or INPUT_FINAL[record.status] then return record.status end
  return (step(INPUT_ROWS, record.status, "input.abandon", ""))
end
