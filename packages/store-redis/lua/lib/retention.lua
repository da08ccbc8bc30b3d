-- What a session keeps of what is over (G14). `keep` = { inputs, events }, how many of each; a batch more of either is
-- trimmed by a chore, which says through which number: `to` for admissions, `from` for events, `steerTo` for what the
-- walk along the admissions passed because it lived.
local function retain(c, keep)
  local head = c.head
  local inputs, events = head.admitted - keep.inputs, head.cursor - keep.events
  local is_overfull = inputs - head.trimmedInputs >= SCRIPT_BATCH or events - head.trimmedEvents >= SCRIPT_BATCH
  if not is_overfull or has_chores(c) then return end
  local chore = new_chore(c, "retain")
  chore.from, chore.to, chore.steerTo = math.max(events, 0), math.max(inputs, 0), head.leftTo
  add_chore(c, chore)
end
