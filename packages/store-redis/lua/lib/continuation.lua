-- Runs that are taken up again as a whole: a boundary of theirs is committed, or inputs have joined
-- them. Until it goes on, such a run is parked: it lies in the run table with its inputs, the ring of
-- parked runs names it, and an entry of a lane stands for it unless it waits for a time or an answer.

-- Whether what waits for a time is a run; anything else is an input.
local function is_run_id(id)
  return string.sub(id, 1, 4) == "run_"
end

local function list_length(list)
  return list == "" and 0 or #split(list)
end

local function join(one, other)
  if one == "" or other == "" then return one .. other end
  return one .. "," .. other
end

local function park_run(c, run_id, run)
  local head = c.head
  head.parkTail = head.parkTail + 1
  head.parked = head.parked + list_length(run.staged) + list_length(run.applied)
  run.place, run.generation = head.parkTail, head.generation
  put(c, format("y%d", run.place), run_id)
end

local function unpark_run(c, run)
  local head = c.head
  remove(c, format("y%d", run.place))
  head.parked = head.parked - list_length(run.staged) - list_length(run.applied)
  if head.parked == 0 then head.parkHead = head.parkTail end
  run.place = 0
end

-- Puts the entry that stands for a parked run into its lane.
local function queue_run(c, run_id, run, is_front, at)
  local entry = blank_entry()
  entry.runId, entry.boundary, entry.notBeforeAt = run_id, run.boundary, at
  put(c, format("%s%d", run.lane, next_place(c, run.lane, is_front)), encode_entry(entry))
  c.head.continued = c.head.continued + 1
end

-- Lets a parked run wait for a time.
local function time_run(c, run_id, run, at)
  run.timerAt = at
  set_later(c, run_id, at)
  c.head.timers = c.head.timers + 1
end

local function stop_timer(c, run_id, run)
  if run.timerAt == 0 then return end
  run.timerAt = 0
  set_later(c, run_id, false)
  c.head.timers = c.head.timers - 1
end

-- A parked run goes on: at its time, or because somebody answered.
local function resume_run(c, run_id, run)
  stop_timer(c, run_id, run)
  local status = step(RUN_ROWS, run.status, "run.resume", "")
  if status then
    run.status, run.suspension = status, ""
    emit(c, "run.resumed|" .. run_id)
  end
  queue_run(c, run_id, run, false, 0)
  put(c, "u" .. run_id, encode_run(run))
end
