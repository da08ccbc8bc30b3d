--[[
  register-session: create a session, find it, bind it, or revive a stopped one.

  Keys session

  Arguments
    member       text    the session in the bucket's indexes
    executor     text    empty to leave the binding alone
    versions     text    range of its versions, encoded; empty for any
    isHeld       flag    a failed input holds its lane
    hasSettings  flag
    settings     text    JSON
    mayRevive    flag
    rewakeMs     number

  Reply
    {"created", phase, revision}
    {"existing", phase, revision}
    {"refused", phase, open}   open: what an unregistration still waits for, joined by commas
    {"torn"}

  Raises   session session.register, session.bind, run.stage, input.admit, unregister.commit; obligation obligation.close
  Uses     clock, step, session, ring, lane, input, run, due, continuation, operation, labels, obligations
  Upholds  D1, D2, D4, D8
  Clock    the store's
  Memory   refused
  Cost     O(log N) in the bucket's sessions
]]
local c

-- Revision 0 stands for the default settings alone, which every sender knows without asking.
local function create()
  local head = blank_head()
  head.phase, head.digest, head.executor, head.isHeld = SESSION_INITIAL, GENESIS_DIGEST, A.executor, A.isHeld
  head.versions = A.versions
  head.settingsRevision = A.hasSettings and 1 or 0
  head.steerHead, head.steerTail, head.queueHead, head.queueTail, head.choresHead, head.choresTail = 1, 1, 1, 1, 1, 1
  c = new_context(K.session, now(), head)
  emit(c, "session.registered|" .. A.executor)
  set_hold(c, nil)
  write(c, "txn", "")
  write(c, "settings", A.settings)
  -- The sentinel keeps the key from ever being empty: a script that empties a key can be torn.
  redis.call("ZADD", K.later, "+inf", "")
  redis.call("ZADD", K.index, 0, "d " .. A.member)
  -- Deliveries that waited for the session wait no longer.
  redis.call("ZADD", K.due, "XX", digits(c.t), A.member .. INBOX_SUFFIX)
  commit(c)
  return { "created", c.head.phase, c.head.settingsRevision }
end

local EFFECTS = {
  bindExecutor = function()
    if c.head.isUnhosted then redis.call("ZREM", K.index, unhosted_entry(c, A.member)) end
    OPS.skip_history(c)
    c.head.executor, c.head.isHeld, c.head.isUnhosted = A.executor, A.isHeld, false
    emit(c, "session.bound|" .. A.executor)
    c.head.versions = A.versions
  end,
  indexDue = function()
    if not c.hold then index_due(c, K.due, A.member, due_at_rest(c, K.later, c.t + A.rewakeMs)) end
  end,
}

local rows = redis.call("HMGET", K.session, "head", "hold", "txn", "away", "labels")
if not rows[1] and not rows[4] then return create() end
if rows[3] ~= "" then return { "torn" } end
c = open(K.session, now(), rows[1] or rows[4], rows[2])
local is_new = not rows[1]
if is_new then
  mark(c)
  remove(c, "away")
  redis.call("ZADD", K.index, 0, "d " .. A.member)
  list_labels(c, K.index, A.member, rows[5])
  if c.head.openLetters > 0 then redis.call("ZADD", K.index, 0, "l " .. A.member) end
  redis.call("ZADD", K.due, "XX", digits(c.t), A.member .. INBOX_SUFFIX)
end

local phase, effects = step(SESSION_ROWS, c.head.phase, A.executor ~= "" and "session.bind" or "session.register", "")
local is_revival = phase ~= nil and phase ~= c.head.phase
if is_revival and not A.mayRevive then return { "refused", c.head.phase, "" } end
if not phase and (A.executor ~= "" or SESSION_FINAL[c.head.phase] or is_leaving(c)) then
  return { "refused", c.head.phase, open_obligations(c) }
end

local is_same = A.executor == c.head.executor and A.isHeld == c.head.isHeld and A.versions == c.head.versions
local is_rebound = A.executor ~= "" and not is_same
if is_revival or is_rebound then
  if is_revival then emit(c, "session.revived|" .. c.head.phase .. "|" .. phase) end
  local phase_before = c.head.phase
  c.head.phase = phase
  mark(c)
  perform(effects, EFFECTS)
  look_at_schedules(c, phase_before, K.due, A.member)
end
if A.hasSettings then
  c.head.settingsRevision = c.head.settingsRevision + 1
  write(c, "settings", A.settings)
end
if is_new and not is_rebound then emit(c, "session.registered|" .. c.head.executor) end
if is_revival or is_rebound or is_new or A.hasSettings then commit(c) end
return { is_new and "created" or "existing", c.head.phase, c.head.settingsRevision }
