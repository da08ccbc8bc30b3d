-- The slot of the process that drains a session's peer inbox.

local function open_drain(raw)
  return raw and decode_drain(raw) or blank_drain()
end

-- A lease further ahead than two of its length comes from a clock that jumped, and counts as ended.
local function is_drained(c, drain)
  return drain.drainId ~= "" and c.t < drain.leaseUntil and drain.leaseUntil <= c.t + 2 * drain.leaseMs
end

-- A dismissal ends the session, which moves its generation: from then on it is over.
local function is_dismissed(c, drain)
  return c.head.generation < drain.dismissedBefore
end

local function drain_answer(tag, c, drain)
  local head, is_held = c.head, is_drained(c, drain)
  return {
    tag, head.phase, bit(head.executor ~= ""), bit(c.hold ~= nil), bit(drain.isKeepAlive), bit(is_dismissed(c, drain)),
    is_held and drain.drainId or "", is_held and drain.node or "", is_held and drain.leaseUntil - c.t or 0,
    head.generation,
  }
end
