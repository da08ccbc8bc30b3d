-- How many of a ring are kept, and which beyond them. Of request ids the latest so many are known.
local RINGS = {
  hr = { most = KEPT_REQUESTS },
  hc = {
    most = KEPT_SCOPES,
    -- A scope of which nothing waits means nothing: the next one of it displaces nothing.
    is_needed = function(c, field)
      local id = redis.call("HGET", c.key, field)
      local raw = id and redis.call("HGET", c.key, "i" .. id)
      if not raw then return false end
      local record = decode_record(raw)
      return not INPUT_FINAL[record.status]
    end,
  },
}

-- A ring of names of fields, oldest first: `<ring>` says after which place it begins and at which it ends, `<ring><place>`
-- is a name. Beyond so many the oldest goes with the field that it names; one that is still needed goes to the end
-- instead. Two are looked at for every one that comes, so that a ring shrinks that had to grow.
local function push_ring(c, ring, name)
  local rule = RINGS[ring]
  local from, to = string.match(redis.call("HGET", c.key, ring) or "0,0", "^(%d+),(%d+)$")
  from, to = tonumber(from), tonumber(to) + 1
  put(c, format("%s%d", ring, to), name)
  for _ = 1, 2 do
    if to - from > rule.most then
      from = from + 1
      local place = format("%s%d", ring, from)
      local old_name = redis.call("HGET", c.key, place)
      remove(c, place)
      if rule.is_needed and rule.is_needed(c, old_name) then
        to = to + 1
        put(c, format("%s%d", ring, to), old_name)
      else
        remove(c, old_name)
      end
    end
  end
  put(c, ring, format("%d,%d", from, to))
end

local function keep_request(c, field, row)
  write(c, field, row)
  push_ring(c, "hr", field)
end

local function keep_scope(c, scope, id)
  local field = "c" .. scope
  local is_new = redis.call("HEXISTS", c.key, field) == 0
  write(c, field, id)
  if is_new then push_ring(c, "hc", field) end
end
