-- What a script works on: the session's key, the clock, the head, who holds it, and what it will
-- write. Fields that a script may read again before it ends are collected in an overlay (`false`
-- for those it will remove), and reads go through that; all others in a list of names and values,
-- which costs less.
local function new_context(key, t, head)
  return {
    key = key, t = t, head = head, settled = {}, count = 0,
    -- Room for a usual commit: a list that grows is copied again and again.
    writes = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
  }
end

local function open(key, t, head, hold)
  local c = new_context(key, t, decode_head(head))
  if hold and hold ~= "" then c.hold = decode_hold(hold) end
  return c
end

-- A number as an argument of a command: as text it spares Redis the detour through floating point,
-- which costs more than many a command.
local function digits(number)
  return number % 1 == 0 and format("%d", number) or number
end

local function put(c, field, value)
  local overlay = c.overlay
  if not overlay then
    overlay = {}
    c.overlay = overlay
  end
  overlay[field] = value
end

local function remove(c, field)
  put(c, field, false)
end

-- Puts a field that no script reads again or removes after it has written it.
local function write(c, field, value)
  local writes, count = c.writes, c.count
  writes[count + 1], writes[count + 2] = field, value
  c.count = count + 2
end

-- Puts a field that may have been put before; `is_last` when nothing reads it again.
local function collect(c, field, value, is_last)
  local overlay = c.overlay
  if not is_last or (overlay and overlay[field] ~= nil) then put(c, field, value) else write(c, field, value) end
end

-- HMGET that sees what this script has collected.
local function fetch(c, fields)
  local rows = redis.call("HMGET", c.key, unpack(fields))
  local overlay = c.overlay
  if not overlay then return rows end
  for i = 1, #fields do
    local collected = overlay[fields[i]]
    if collected ~= nil then rows[i] = collected end
  end
  return rows
end

-- Who holds the session from now on; `nil` for nobody.
local function set_hold(c, hold)
  c.hold, c.is_hold_changed = hold, true
end

-- Appends a fact to the session's history: `<time>[;<cause>[;<correlations>]]|<type>|<columns>`. The cause is
-- the cursor of the fact it followed from; correlations are those of its inputs, encoded, joined by commas.
local function emit(c, body, cause, correlations)
  local head = c.head
  head.cursor = head.cursor + 1
  local stamp
  if correlations and correlations ~= "" then
    stamp = format("%d;%s;%s|", c.t, cause and digits(cause) or "", correlations)
  elseif cause and cause > 0 then
    stamp = format("%d;%d|", c.t, cause)
  else
    c.stamp = c.stamp or format("%d|", c.t)
    stamp = c.stamp
  end
  write(c, format("e%d", head.cursor), stamp .. body)
end

-- A lease further ahead than two of its length comes from a clock that jumped, and counts as ended.
local function is_live(hold, t)
  return t < hold.leaseUntil and hold.leaseUntil <= t + 2 * hold.leaseMs
end

-- A write beside the session's own hash. A rehearsal works everything out and writes nothing.
local function send(c, ...)
  if not c.is_rehearsal then redis.call(...) end
end

-- From the first write to the last the marker stands: a script that finds it was torn in between.
local function mark(c)
  if c.is_marked or c.is_rehearsal then return end
  redis.call("HSET", c.key, "txn", "1")
  c.is_marked = true
end

-- `unpack` fails near 8,000 values: longer lists go in slices.
local function write_sliced(command, key, list, count)
  for from = 1, count, 1000 do
    redis.call(command, key, unpack(list, from, math.min(from + 999, count)))
  end
end

-- Inputs that expire stand in the same set as those that wait for a time, far before them all: a score
-- below zero is a time of expiry.
local EXPIRY_OFFSET = 1000000000000000

-- An input waits for a time, or, with `false`, no longer.
local function set_later(c, id, at)
  c.later = c.later or {}
  c.later[id] = at
end

-- Moves inputs into and out of the set of those that wait for a time.
local function commit_later(c, later_key)
  if not c.later then return end
  mark(c)
  for id, at in pairs(c.later) do
    if at then send(c, "ZADD", later_key, digits(at), id) else send(c, "ZREM", later_key, id) end
  end
  c.later = nil
end

-- Writes the session. The head and the cleared marker go with the last HSET.
local function commit(c)
  if c.is_rehearsal then return end
  local removals
  for field, value in pairs(c.overlay or {}) do
    if value then
      write(c, field, value)
    else
      removals = removals or {}
      removals[#removals + 1] = field
    end
  end
  if removals or c.count > 990 then mark(c) end
  if removals then write_sliced("HDEL", c.key, removals, #removals) end
  if c.count > 990 then
    write_sliced("HSET", c.key, c.writes, c.count)
    c.count = 0
  end
  if c.is_hold_changed then write(c, "hold", c.hold and encode_hold(c.hold) or "") end
  if not c.is_away then write(c, "head", encode_head(c.head)) end
  if c.is_marked then write(c, "txn", "") end
  redis.call("HSET", c.key, unpack(c.writes, 1, c.count))
end

-- Processes that asked to be told of this session's events and whose interest has not run out.
local function live_followers(raw, t)
  if not raw or raw == "" then return "" end
  local live = {}
  for node, till in string.gmatch(raw, "([^:,]+):(%d+)") do
    if tonumber(till) > t then live[#live + 1] = node end
  end
  return table.concat(live, ",")
end
