-- A policy column as the ingress encodes it.
local decode_column = remembered(function(text)
  local lane, mode, consumed, signal, boundary, policy = string.match(text, "^(.-)|(.-)|(.-)|(.-)|(.-)|(.*)$")
  return { lane = lane, mode = mode, isConsumed = consumed == "1", signal = signal, boundary = boundary, policy = policy }
end)

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

-- `admission` = { id, keyedId, scope, payload, column, later, due, member, sweepDelay }.
local ADMIT_EFFECTS = {
  storeInput = function(c, admission, record)
    local id, column = admission.id, admission.column
    c.head.admitted = record.admission
    emit(c, "input.admitted|" .. id .. "|" .. record.admission .. (column.isConsumed and "|1" or ""), nil,
      record.correlationId)
    record.cursor = c.head.cursor
    if admission.scope ~= "" then displace(c, column.mode, admission.scope, id, record.cursor) end
    if column.isConsumed then
      move_input(c, id, record, "input.consume_on_accept")
    else
      assign_place(c, record, column.mode == "priority")
      move_input(c, id, record, "input.queue")
      if record.isWaking and not record.isWaiting then wake_queued(c) end
    end
    write(c, format("p%d", record.admission), id .. " " .. admission.payload)
    if admission.keyedId ~= "" and admission.keyedId ~= id then write(c, "k" .. admission.keyedId, id) end
  end,
  -- At rest only: a live hold is due by its lease, and looks before it lets go.
  indexDue = function(c, admission, record)
    commit_later(c, admission.later)
    if c.is_busy or INPUT_FINAL[record.status] or not may_stage(c) then return end
    local at = nil
    if record.isWaiting then
      at = record.notBeforeAt
    elseif c.head.waking > 0 then
      at = c.t + admission.sweepDelay
    end
    if at then redis.call("ZADD", admission.due, "LT", digits(at), admission.member) end
  end,
}

local function signal_of(c, column, record)
  if c.head.executor == "" or record.isWaiting or column.signal == "none" then return "none" end
  if c.is_busy then return column.signal == "immediate" and "immediate" or "none" end
  return "wake"
end
