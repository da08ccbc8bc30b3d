-- The row of a run whose first attempt has ended, or what it would say before that.
local function new_run()
  return { status = RUN_INITIAL, attempts = 0, journal = 0, sequence = 0, positions = "" }
end

local function load_run(c, run_id)
  local raw = fetch(c, { "u" .. run_id })[1]
  return raw and decode_run(raw) or new_run()
end

-- Ends the staged attempt of a hold; while staged, the hold itself is the run's row.
local function move_run(c, hold, event, bits)
  -- A first attempt has no row yet.
  local run = hold.attempt == 1 and new_run() or load_run(c, hold.runId)
  local staged = step(RUN_ROWS, run.status, "run.stage", "")
  local status = staged and step(RUN_ROWS, staged, event, bits or "")
  if not status then error("run " .. hold.runId .. " refuses " .. event) end
  run.status, run.attempts, run.journal = status, hold.attempt, hold.journal
  return run
end

-- Queues bounded work for later; columns not given are empty.
local function add_chore(c, chore)
  for name, value in pairs({
    generation = c.h.generation, reason = "", steerFrom = 0, steerTo = 0, queueFrom = 0, queueTo = 0, scheduled = 0,
    staged = "", runId = "", from = 0, to = 0, cursor = "0",
  }) do
    if chore[name] == nil then chore[name] = value end
  end
  put(c, "x" .. c.h.choresTail, encode_chore(chore))
  c.h.choresTail = c.h.choresTail + 1
end

-- Writes a run's row. The journal of an ended run is left to a chore: it may be longer than a
-- script may loop.
local function put_run(c, run_id, run)
  if run.journal > 0 and RUN_FINAL[run.status] then
    add_chore(c, { kind = "journal", runId = run_id, from = 1, to = run.journal })
    run.journal = 0
  end
  put(c, "u" .. run_id, encode_run(run))
end
