-- A delivery inbox (D61 to D65). Its authority says how many deliveries there are and how far they were
-- applied; each has a row and a submission. What contradicts that is corrupt and stays as it is.
local INBOX_VERSION = 1

local function is_count(value)
  return type(value) == "number" and value >= 0 and value % 1 == 0
end

local function inbox_fault(key, inbox, size)
  for i = 1, 4 do
    if not is_count(inbox[i]) then return "its authority is no row of an authority" end
  end
  if #inbox ~= 4 or inbox.version ~= INBOX_VERSION then return "its authority is of another version" end
  if inbox.applied > inbox.committed then return "more was applied than was committed" end
  if inbox.trimmed > inbox.applied then return "what is pending was let go" end
  if size ~= 1 + 2 * inbox.committed then return "its rows are not those of 1 to " .. inbox.committed end
  local ends = redis.call("HMGET", key, "s" .. inbox.committed, "s" .. (inbox.committed + 1))
  if ends[2] or (inbox.committed > 0 and not ends[1]) then return "its last row is not that of " .. inbox.committed end
  return nil
end

-- The inbox, or nothing and what is wrong with it.
local function open_inbox(key)
  local raw, size = redis.call("HGET", key, "authority"), redis.call("HLEN", key)
  if not raw then
    if size > 0 then return nil, "it has rows and no authority" end
    local inbox = blank_inbox()
    inbox.version = INBOX_VERSION
    return inbox
  end
  local is_row, inbox = pcall(decode_inbox, raw)
  local fault = not is_row and "its authority is no row" or inbox_fault(key, inbox, size)
  if fault then return nil, fault end
  return inbox
end

-- A delivery of an inbox, or nothing, and what is wrong with its row.
local function find_delivery(key, inbox, id)
  local raw = redis.call("HGET", key, "i" .. id)
  if not raw then return nil end
  local is_row, delivery = pcall(decode_delivery, raw)
  local is_sound = is_row and #delivery == 4 and is_count(delivery.sequence) and is_count(delivery.sourceSequence)
    and delivery.sequence >= 1 and delivery.sequence <= inbox.committed and delivery.sourceSequence >= 1
    and (delivery.disposition ~= "") == (delivery.sequence <= inbox.applied)
  if not is_sound then return nil, "the row of a delivery contradicts it" end
  return delivery
end

-- The id and the row of what was committed under a number, or nothing and what is wrong with it.
local function delivery_at(key, inbox, sequence, submission)
  local id = submission and string.match(submission, "^(%S+) ")
  local delivery, fault
  if id then delivery, fault = find_delivery(key, inbox, id) end
  if not delivery then return nil, fault or format("nothing was committed as %d", sequence) end
  if delivery.sequence ~= sequence then return nil, format("two deliveries are %d", sequence) end
  return delivery
end
