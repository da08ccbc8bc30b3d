-- What an input is that arrives: the column it goes by, and whether it was admitted before.

-- A policy column as the ingress encodes it.
local decode_column = remembered(function(text)
  local lane, mode, consumed, signal, boundary, busy, policy = string.match(text, "^(.-)|(.-)|(.-)|(.-)|(.-)|(.-)|(.*)$")
  return {
    lane = lane, mode = mode, isConsumed = consumed == "1", signal = signal, boundary = boundary, whenBusy = busy,
    policy = policy,
  }
end)

-- The input that a key or an id names already. The owner of a key has the id derived from it, or is named beside it.
local function find_known(c, id, keyed_id)
  local rows = redis.call("HMGET", c.key, "i" .. id, "k" .. keyed_id, "i" .. keyed_id)
  if rows[2] then return rows[2], load_records(c, { rows[2] })[1] end
  if rows[3] then return keyed_id, decode_record(rows[3]) end
  if rows[1] then return id, decode_record(rows[1]) end
end

-- A repeat. It writes in either case, so that a caller can wait for replication of what it repeats.
-- `known` = { id, record, repeatedId, fingerprint, followers }.
local function answer_known(c, known)
  local record = known.record
  if record.fingerprint ~= known.fingerprint then
    redis.call("HSET", c.key, "txn", "")
    return { "mismatch", known.id }
  end
  emit(c, "input.deduplicated|" .. known.repeatedId .. "|" .. known.id, record.cursor, record.correlationId)
  commit(c)
  return { "deduplicated", known.id, record.admission, current_status(c, record), known.followers, c.head.cursor }
end
