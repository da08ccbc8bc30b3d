-- What an advance does around settling: recognising its repetition, and staging or letting go.

-- The latest settlement, if it is that of this boundary.
local function find_settlement(c, boundary_id)
  local raw = redis.call("HGET", c.key, "last")
  -- A row that does not contain the id is of another boundary, and need not be taken apart.
  if not raw or not string.find(raw, boundary_id, 1, true) then return nil end
  local last = decode_last(raw)
  return last.boundaryId == boundary_id and last or nil
end

-- Appends that nothing was staged, and whether somebody must come back soon.
local function append_rest(reply, c, at, is_soon)
  local n = #reply
  if at and owes_wake(c) then
    reply[n + 1], reply[n + 2] = "owing", at
  elseif is_soon then
    reply[n + 1], reply[n + 2], reply[n + 3], reply[n + 4] = "more", c.head.epoch, at, c.head.executor
  else
    reply[n + 1], reply[n + 2] = "rest", at or ""
  end
  return reply
end

-- The same call again: the stored result, and the batch it staged if that is still the current one (L5).
local function answer_repeat(c, last, call)
  redis.call("HSET", c.key, "txn", "")
  for id, nodes in string.gmatch(last.ended, "([^:;]+):([^;]*);") do
    -- Whoever repeats after a long time finds what is kept: of what was trimmed nobody is told any more.
    if redis.call("HEXISTS", c.key, "i" .. id) == 1 then
      local record = load_records(c, { id })[1]
      record.nodes = nodes
      settle(c, id, record)
    end
  end
  local reply = append_settled({ "committed", "1", last.position, last.committedAt, call.followers, c.head.cursor }, c)
  if last.nextToken == 0 then
    local at = redis.call("ZSCORE", call.due, call.member)
    return append_rest(reply, c, at and tonumber(at), at)
  end
  local hold = c.hold
  local is_current = hold ~= nil and hold.token == last.nextToken and hold.claimId == call.claimId
  reply[#reply + 1] = is_current and "staged" or "lost"
  return is_current and append_batch(reply, c, reload_batch(c)) or reply
end

local function stage_next(c, later_key, offer, claim)
  if not may_stage(c) or has_chores(c) or hosting(c, offer) ~= "yes" then return nil end
  local expired = ripe_expiries(c, later_key)
  if #expired > SCRIPT_BATCH then return nil end
  expire(c, later_key, expired)
  promote(c, later_key)
  local batch, blocked_until = select_batch(c, offer)
  if not batch then return nil, blocked_until end
  return stage_batch(c, batch, offer.maxBytes, claim)
end

-- What the next call compares itself with.
local function last_settlement(c, boundary_id, digest, loaded)
  local last, head, settled = blank_last(), c.head, c.settled
  last.boundaryId, last.settlementDigest, last.committedAt = boundary_id, digest, c.t
  last.position, last.cursor = head.position, head.cursor
  if loaded then last.nextToken = c.hold.token end
  for i = 1, #settled, 6 do last.ended = last.ended .. settled[i] .. ":" .. settled[i + 2] .. ";" end
  return encode_last(last)
end
