-- Stages a batch durably (L3). `claim` = { id, node, lease, meta, newRunId }.

-- Bytes that an input brings with it: its id, a space and its payload, wherever that lies.
local function weight_of(stored)
  local id, bytes = string.match(stored, '^(%S+) {"$blob":"[^"]+","bytes":(%d+)')
  return id and #id + 1 + tonumber(bytes) or #stored
end

-- Rows and payloads of a batch, cut where it would exceed the byte limit. The first always fits,
-- and a run that was staged before keeps its exact set.
local function load_batch(c, batch, max_bytes)
  if #batch == 0 then return {} end
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
    if #batch > 1 then bytes = bytes + weight_of(rows[2 * i]) end
    if i > 1 and bytes > max_bytes and first_entry.runId == "" then break end
    loaded[i] = { id = entry.inputId, record = decode_record(rows[2 * i - 1]), payload = rows[2 * i] }
  end
  return loaded
end

-- What the last attempt wrote after the last boundary is withdrawn: `r<offset>` says from where (T13).
local function begin_stream(c, run_id, stream)
  if stream.offset > math.max(stream.start, stream.standing) then
    stream.offset = stream.offset + 1
    write(c, format("l%d.%d", stream.number, stream.offset), format("r%d", stream.standing + 1))
  end
  stream.start = stream.offset
  put(c, "l" .. run_id, encode_stream(stream))
end

local function new_hold(c, run_id, run, claim)
  local hold = blank_hold()
  hold.isStreamed = run.isStreamed
  local stream = run.isStreamed and load_stream(c, run_id)
  if stream then begin_stream(c, run_id, stream) end
  hold.runId, hold.attempt, hold.sequence, hold.journal = run_id, run.attempts + 1, run.sequence + 1, run.journal
  hold.token = redis.call("HINCRBY", claim.meta, "token", 1)
  hold.claimId, hold.node, hold.stagedAt = claim.id, claim.node, c.t
  hold.leaseUntil, hold.leaseMs = c.t + claim.lease, claim.lease
  return hold
end

-- Inputs of a hold as a lane would name them.
local function entries_of(c, ids, run_id)
  if #ids == 0 then return {} end
  local batch, records = {}, load_records(c, ids)
  for i = 1, #ids do
    local entry, record = blank_entry(), records[i]
    entry.inputId, entry.admission, entry.runId = ids[i], record.admission, run_id
    batch[i] = entry
  end
  return batch
end

-- What a run that goes on finds of its last boundary.
local function load_kept(c, hold, applied)
  local rows, failures = fetch(c, { "m" .. hold.runId, "v" .. hold.runId }), 0
  for i = 1, #applied do
    local record = applied[i]
    failures = math.max(failures, record.failures)
  end
  c.kept = { failures = failures, data = rows[1] or "", value = rows[2] or "" }
end

-- Stages a run that goes on: only inputs of which no boundary is committed are handed out again (G11).
local function stage_continued(c, entry, claim)
  local head, run_id = c.head, entry.runId
  local run = load_run(c, run_id)
  remove(c, format("%s%d", entry.lane, entry.place))
  head[LANES[entry.lane].front] = entry.place + 1
  head.continued = head.continued - 1
  unpark_run(c, run)
  mark(c)
  local hold, applied_ids = new_hold(c, run_id, run, claim), split(run.applied)
  hold.boundary, hold.staged, hold.applied, hold.isSteered = run.boundary, run.staged, run.applied, true
  run.status, run.staged, run.applied = step(RUN_ROWS, run.status, "run.stage", ""), "", ""
  put(c, "u" .. run_id, encode_run(run))
  local applied = #applied_ids == 0 and {} or load_records(c, applied_ids)
  for i = 1, #applied_ids do move_input(c, applied_ids[i], applied[i], "run.stage") end
  local loaded = load_batch(c, entries_of(c, split(hold.staged), run_id), 0)
  for i = 1, #loaded do move_input(c, loaded[i].id, loaded[i].record, "run.stage") end
  load_kept(c, hold, applied)
  hold.startedCursor = c.head.cursor + 1
  set_hold(c, hold)
  local records = {}
  for i = 1, #loaded do records[i] = loaded[i].record end
  emit(c, "run.started|" .. run_id .. "|" .. hold.attempt .. "|" .. hold.staged, nil, correlations_of(records))
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
  local hold = new_hold(c, run_id, run, claim)
  hold.boundary, hold.staged = first_entry.boundary, #ids == 1 and ids[1] or table.concat(ids, ",")
  hold.startedCursor = c.head.cursor + 1
  set_hold(c, hold)
  local first_record = records[1]
  emit(c, "run.started|" .. run_id .. "|" .. hold.attempt .. "|" .. hold.staged, first_record.cursor,
    correlations_of(records))
  return loaded
end

local function stage_batch(c, batch, max_bytes, claim)
  local first_entry = batch[1]
  if first_entry.inputId == "" then return stage_continued(c, first_entry, claim) end
  return stage_loaded(c, batch, load_batch(c, batch, max_bytes), claim)
end

-- The batch a hold has staged, read back for a repeated call (L5).
local function reload_batch(c)
  local hold = c.hold
  if hold.isSteered then load_kept(c, hold, hold.applied == "" and {} or load_records(c, split(hold.applied))) end
  return load_batch(c, entries_of(c, split(hold.staged), hold.runId), 0)
end
