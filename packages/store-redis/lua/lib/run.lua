-- The row of a run whose first attempt has ended, or what it would say before that.
local function new_run()
  local run = blank_run()
  run.status = RUN_INITIAL
  return run
end

local function load_run(c, run_id)
  local raw = fetch(c, { "u" .. run_id })[1]
  return raw and decode_run(raw) or new_run()
end

-- The stream of a run, or nothing when it is kept no longer.
local function load_stream(c, run_id)
  local raw = fetch(c, { "l" .. run_id })[1]
  return raw and decode_stream(raw)
end

-- Ends the staged attempt of a hold; while staged, the hold itself is the run's row.
local function move_run(c, hold, event, bits)
  -- A first attempt has no row before its first boundary.
  local run = hold.attempt + hold.sequence == 2 and new_run() or load_run(c, hold.runId)
  -- The row of a run that goes on after a boundary says that it is staged.
  local staged = step(RUN_ROWS, run.status, "run.stage", "") or run.status
  local status = step(RUN_ROWS, staged, event, bits or "")
  if not status then error("run " .. hold.runId .. " refuses " .. event) end
  run.status, run.attempts, run.journal, run.isStreamed = status, hold.attempt, hold.journal, hold.isStreamed
  return run
end

-- What a run kept from its last boundary goes with it.
local function forget_boundary(c, run_id)
  remove(c, "m" .. run_id)
  remove(c, "v" .. run_id)
end

-- Writes a run's row, and closes its stream with it (T14). The journal of an ended run is left to a chore: it may be longer than a
-- script may loop.
local function put_run(c, run_id, run)
  if run.journal > 0 and RUN_FINAL[run.status] then
    local chore = new_chore(c, "journal")
    chore.runId, chore.from, chore.to = run_id, 1, run.journal
    add_chore(c, chore)
    run.journal = 0
  end
  if run.sequence > 0 and RUN_FINAL[run.status] and c.hold and c.hold.isSteered then forget_boundary(c, run_id) end
  local stream = run.isStreamed and RUN_FINAL[run.status] and load_stream(c, run_id)
  if stream then
    stream.status = run.status
    collect(c, "l" .. run_id, encode_stream(stream), true)
  end
  collect(c, "u" .. run_id, encode_run(run), RUN_FINAL[run.status])
end
