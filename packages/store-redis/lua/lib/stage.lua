-- Stages a batch durably (L3). `claim` = { id, node, lease, meta, newRunId }.

-- Rows and payloads of a batch, cut where it would exceed the byte limit. The first always fits,
-- and a run that was staged before keeps its exact set.
local function load_batch(c, batch, max_bytes)
  local fields = {}
  for i = 1, #batch do
    local entry = batch[i]
    fields[2 * i - 1], fields[2 * i] = "i" .. entry.inputId, format("p%d", entry.admission)
  end
  local first_entry = batch[1]
  local rows = fetch(c, fields)
  local loaded, bytes = {}, 0
  for i = 1, #batch do
    local entry = batch[i]
    bytes = bytes + #rows[2 * i]
    if i > 1 and bytes > max_bytes and first_entry.runId == "" then break end
    loaded[i] = { id = entry.inputId, record = decode_record(rows[2 * i - 1]), payload = rows[2 * i] }
  end
  return loaded
end

-- `loaded` = what `load_batch` answers for the batch, or the leading part of it.
local function stage_loaded(c, batch, loaded, claim)
  local ids, records = {}, {}
  local first_entry, last_entry = batch[1], batch[#loaded]
  local run_id, run = first_entry.runId, nil
  if run_id == "" then run_id, run = claim.newRunId, blank_run() else run = load_run(c, run_id) end
  for i = 1, #loaded do
    local record = loaded[i].record
    ids[i], records[i], record.runId = loaded[i].id, record, run_id
    move_input(c, ids[i], record, "run.stage")
  end
  -- What stands between the members of an older run still stands behind its first.
  local passed_entry = first_entry.runId == "" and last_entry or first_entry
  c.head[LANES[passed_entry.lane].front] = passed_entry.place + 1
  mark(c)
  local hold = blank_hold()
  hold.runId, hold.attempt, hold.sequence, hold.journal = run_id, run.attempts + 1, run.sequence + 1, run.journal
  hold.token = redis.call("HINCRBY", claim.meta, "token", 1)
  hold.claimId, hold.node, hold.stagedAt = claim.id, claim.node, c.t
  hold.leaseUntil, hold.leaseMs = c.t + claim.lease, claim.lease
  hold.boundary, hold.staged = first_entry.boundary, #ids == 1 and ids[1] or table.concat(ids, ",")
  hold.startedCursor = c.head.cursor + 1
  set_hold(c, hold)
  local first_record = records[1]
  emit(c, "run.started|" .. run_id .. "|" .. hold.attempt .. "|" .. hold.staged, first_record.cursor,
    correlations_of(records))
  return loaded
end

local function stage_batch(c, batch, max_bytes, claim)
  return stage_loaded(c, batch, load_batch(c, batch, max_bytes), claim)
end

-- The batch a hold has staged, read back for a repeated call (L5).
local function reload_batch(c)
  local hold = c.hold
  local ids, batch = split(hold.staged), {}
  local records = load_records(c, ids)
  for i = 1, #ids do
    local entry, record = blank_entry(), records[i]
    entry.inputId, entry.admission, entry.runId = ids[i], record.admission, hold.runId
    batch[i] = entry
  end
  return load_batch(c, batch, 0)
end
