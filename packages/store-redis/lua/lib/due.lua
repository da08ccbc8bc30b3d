-- The index that liveness rests on (L6): when somebody must look at a session, or nil.

-- Whether the session could stage if it had work: its phase allows it and it is bound.
local function may_stage(c)
  return c.head.executor ~= "" and step(SESSION_ROWS, c.head.phase, "run.stage", "01") ~= nil
end

-- Whether the session must be told of detached work that ended, and can be: nothing else is to be done.
local function owes_wake(c)
  local head = c.head
  if not head.isOwing or c.hold or head.queued > 0 or not may_stage(c) then return false end
  return step(SESSION_ROWS, head.phase, "input.admit", "") ~= nil
end

-- A session that takes inputs again is told at once of what was planned while it took none.
local function look_at_schedules(c, phase_before, due_key, member)
  if step(SESSION_ROWS, phase_before, "input.admit", "") or not step(SESSION_ROWS, c.head.phase, "input.admit", "") then return end
  send(c, "ZADD", due_key, "XX", "LT", digits(c.t), member .. SCHEDULES_SUFFIX)
end

-- The earliest time at which something queued can be tried; `soonest` for what could be tried at once.
local function next_work_at(c, later_key, soonest, blocked_until)
  local at = nil
  if c.head.waking + c.head.continued > 0 then at = blocked_until or soonest elseif owes_wake(c) then at = soonest end
  if c.head.scheduled + c.head.timers > 0 then
    local time = tonumber(redis.call("ZRANGEBYSCORE", later_key, 0, "+inf", "WITHSCORES", "LIMIT", 0, 1)[2])
    at = math.min(at or time, time)
  end
  return at
end

-- Whether operations that runs wait for may have lost their processes.
local function is_look_due(c)
  return c.head.lookAt > 0 and c.head.lookAt <= c.t
end

local function has_chores(c)
  return c.head.choresTail > c.head.choresHead or is_look_due(c)
end

-- Those that were not staged in time: at most a batch, and one more if there are more.
local NOTHING_RIPE = {}

local function ripe_expiries(c, later_key)
  if c.head.expiring == 0 then return NOTHING_RIPE end
  return redis.call("ZRANGEBYSCORE", later_key, "-inf", digits(c.t - EXPIRY_OFFSET), "LIMIT", 0, SCRIPT_BATCH + 1)
end

-- When the next input expires, or nil: that needs no executor.
local function next_expiry(c, later_key)
  if c.head.expiring == 0 then return nil end
  return tonumber(redis.call("ZRANGE", later_key, 0, 0, "WITHSCORES")[2]) + EXPIRY_OFFSET
end

local function earliest(one, other)
  if one and other then return math.min(one, other) end
  return one or other
end

-- Whether the session is on its way out: its phase can be left by removing it.
local function is_leaving(c)
  return step(SESSION_ROWS, c.head.phase, "unregister.commit", "01") ~= nil
end

-- A session at rest: due at once for chores, soon while somebody must see to its removal, at its next
-- work if some executor may take it, when an input expires, when operations are looked after.
local function due_at_rest(c, later_key, soonest, blocked_until)
  if has_chores(c) then return c.t end
  if is_leaving(c) then return soonest end
  local at = may_stage(c) and next_work_at(c, later_key, soonest, blocked_until) or nil
  if c.head.lookAt > 0 then at = earliest(at, c.head.lookAt) end
  return earliest(at, next_expiry(c, later_key))
end

local function index_due(c, due_key, member, at)
  mark(c)
  if at then send(c, "ZADD", due_key, digits(at), member) else send(c, "ZREM", due_key, member) end
end

-- Lets go of a session: no lease at rest, a fresh epoch, and a finite due time while work is left.
local function release(c, keys, rewake, blocked_until)
  set_hold(c, nil)
  c.head.epoch = c.head.epoch + 1
  commit_later(c, keys.later)
  local at = due_at_rest(c, keys.later, c.t + rewake, blocked_until)
  index_due(c, keys.due, keys.member, at)
  return at
end

-- Where a session that nobody hosts is listed, by executor.
local function unhosted_entry(c, member)
  return "u " .. c.head.executor .. " " .. member
end

-- Somebody looks for blobs that nothing of the session refers to any more.
local function plan_collection(c, due_key, member, at)
  mark(c)
  send(c, "ZADD", due_key, "LT", digits(at), member .. BLOBS_SUFFIX)
end
