-- Takes what waits in the steer lane into the run in progress: its leading inputs, in order, up to
-- the first that belongs to another run, must run alone, or waits for its time.

local function is_open_to(entry, t)
  return entry.inputId ~= "" and entry.runId == "" and not entry.isSolo and entry.notBeforeAt <= t
end

local function take_inbox(c, later_key, limits)
  local hold = c.hold
  hold.taken = ""
  -- A run that was asked to end takes nothing more, and a phase that stages nothing lets none in.
  if hold.cancelMode ~= "" or not may_stage(c) or has_chores(c) then return {} end
  promote(c, later_key)
  local room = SCRIPT_BATCH - list_length(hold.staged) - list_length(hold.applied)
  local batch = {}
  for i, entry in ipairs(peek(c, "s", math.min(limits.maxInputs, room))) do
    if not is_open_to(entry, c.t) then break end
    batch[i] = entry
  end
  local loaded, ids, records = {}, {}, {}
  for _, item in ipairs(load_batch(c, batch, limits.maxBytes)) do
    local record = item.record
    -- One that should have ended by now is left to whoever ends it.
    if record.expiresAt == 0 or record.expiresAt > c.t then
      loaded[#loaded + 1], ids[#ids + 1], records[#records + 1] = item, item.id, record
    end
  end
  if #loaded == 0 then return loaded end
  for i = 1, #loaded do
    local record = records[i]
    record.runId = hold.runId
    move_input(c, ids[i], record, "run.stage")
  end
  hold.taken, hold.isSteered = table.concat(ids, ","), true
  hold.staged = join(hold.staged, hold.taken)
  emit(c, "run.steered|" .. hold.runId .. "|" .. hold.taken, hold.startedCursor, correlations_of(records))
  return loaded
end
