-- What a script works on: the session's key, the clock, the decoded head, and an overlay of the
-- fields it will write (`false` for those it will remove). Reads go through the overlay.
local function open(key, t, head)
  return { key = key, t = t, h = decode_head(head), overlay = {}, later = {}, settled = {} }
end

local function put(c, field, value)
  c.overlay[field] = value
end

local function remove(c, field)
  c.overlay[field] = false
end

-- HMGET that sees what this script has collected.
local function fetch(c, fields)
  local rows = redis.call("HMGET", c.key, unpack(fields))
  for i = 1, #fields do
    local collected = c.overlay[fields[i]]
    if collected ~= nil then rows[i] = collected end
  end
  return rows
end

-- Appends a fact to the session's events: `<time>|<type>|<columns>`.
local function emit(c, body)
  c.h.cursor = c.h.cursor + 1
  put(c, "e" .. c.h.cursor, c.t .. "|" .. body)
end

-- A lease further ahead than two of its length comes from a clock that jumped, and counts as ended.
local function is_live(hold, t, lease)
  return t < hold.leaseUntil and hold.leaseUntil <= t + 2 * lease
end

-- From the first write to the last the marker stands: a script that finds it was torn in between.
local function mark(c)
  if c.is_marked then return end
  redis.call("HSET", c.key, "txn", "1")
  c.is_marked = true
end

-- `unpack` fails near 8,000 values: longer lists go in slices.
local function write_sliced(command, key, list)
  for from = 1, #list, 1000 do
    redis.call(command, key, unpack(list, from, math.min(from + 999, #list)))
  end
end

-- Moves inputs into and out of the set of those that wait for a time.
local function commit_later(c, later_key)
  if next(c.later) == nil then return end
  mark(c)
  for id, at in pairs(c.later) do
    if at then redis.call("ZADD", later_key, at, id) else redis.call("ZREM", later_key, id) end
  end
  c.later = {}
end

-- Writes the session. The head and the cleared marker go with the last HSET.
local function commit(c)
  local writes, removals = {}, {}
  for field, value in pairs(c.overlay) do
    if value then
      writes[#writes + 1] = field
      writes[#writes + 1] = value
    else
      removals[#removals + 1] = field
    end
  end
  if #removals > 0 or #writes > 990 then mark(c) end
  if #removals > 0 then write_sliced("HDEL", c.key, removals) end
  if #writes > 990 then
    write_sliced("HSET", c.key, writes)
    writes = {}
  end
  local n = #writes
  writes[n + 1], writes[n + 2], writes[n + 3], writes[n + 4] = "head", encode_head(c.h), "txn", ""
  redis.call("HSET", c.key, unpack(writes))
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
