-- Stages a batch durably (L3). `claim` = { id, node, lease, meta }.

-- Rows and payloads of a batch, cut where it would exceed the byte limit. The first always fits,
-- and a run that was staged before keeps its exact set.
local function load_batch(c, batch, max_bytes)
  local fields = {}
  for i = 1, #batch do
    fields[2 * i - 1], fields[2 * i] = "i" .. batch[i].inputId, "p" .. batch[i].admission
  end
  local rows = fetch(c, fields)
  local loaded, bytes = {}, 0
  for i = 1, #batch do
    bytes = bytes + #rows[2 * i]
    if i > 1 and bytes > max_bytes and batch[1].runId == "" then break end
    loaded[i] = { id = batch[i].inputId, record = decode_record(rows[2 * i - 1]), payload = rows[2 * i] }
  end
  return loaded
end

local function stage_batch(c, batch, offer, claim)
  local loaded, ids = load_batch(c, batch, offer.maxBytes), {}
  local run_id = batch[1].runId
  local run = { attempts = 0, journal = 0, sequence = 0 }
  if run_id == "" then run_id = offer.newRunId else run = load_run(c, run_id) end
  for i = 1, #loaded do
    ids[i] = loaded[i].id
    loaded[i].record.runId = run_id
    move_input(c, ids[i], loaded[i].record, "run.stage")
  end
  -- What stands between the members of an older run still stands behind its first.
  local passed = batch[1].runId == "" and batch[#loaded] or batch[1]
  c.h[LANES[passed.lane].head] = passed.place + 1
  mark(c)
  local hold = {
    runId = run_id, attempt = run.attempts + 1, sequence = run.sequence + 1,
    token = redis.call("HINCRBY", claim.meta, "token", 1), claimId = claim.id, node = claim.node,
    leaseUntil = c.t + claim.lease, stagedAt = c.t, isCancelRequested = false, boundary = batch[1].boundary,
    journal = run.journal, staged = table.concat(ids, ","),
  }
  put(c, "hold", encode_hold(hold))
  emit(c, "run.started|" .. run_id .. "|" .. hold.attempt .. "|" .. hold.staged)
  return hold, loaded
end

-- The batch a hold has staged, read back for a repeated call (L5).
local function reload_batch(c, hold)
  local ids, batch = split(hold.staged), {}
  local records = load_records(c, ids)
  for i = 1, #ids do batch[i] = { inputId = ids[i], admission = records[i].admission, runId = hold.runId } end
  return load_batch(c, batch, 0)
end

-- The reply form of a staged batch.
local function staged_reply(c, hold, loaded)
  local inputs = {}
  for i = 1, #loaded do
    local record = loaded[i].record
    inputs[i] = { loaded[i].id, record.admission, record.attempts, record.failures, record.losses, loaded[i].payload }
  end
  return {
    hold.token, hold.claimId, hold.runId, hold.attempt, hold.sequence, c.h.position, c.h.digest, c.h.executor,
    hold.boundary, hold.journal, inputs,
  }
end
