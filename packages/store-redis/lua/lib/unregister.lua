-- Steps of an unregistration, with the effects of control verbs.

-- Takes the session's phase one step on, and performs what the machine names.
local function leave_step(c, event, bits, command)
  local phase, effects = step(SESSION_ROWS, c.head.phase, event, bits)
  if not phase then return false end
  mark(c)
  c.head.phase = phase
  perform(effects, CONTROL_EFFECTS, c, command)
  return true
end

-- Whether somebody opened the registry of operations in its current life.
local function has_registry(c)
  local raw = redis.call("HGET", c.key, "bh")
  if not raw then return false end
  local registry = decode_registry(raw)
  return registry.epochId ~= ""
end

-- What the effects of a control verb work with; `leave` gathers what they did.
local function leave_command(c, keys)
  local command = { report = blank_report(), staged = "", pending = pending_count(c), abortNode = "" }
  for name, value in pairs(keys) do command[name] = value end
  return command
end
