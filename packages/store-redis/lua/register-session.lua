--[[
  register-session: create a session, find it, bind it, or revive a stopped one.

  Keys session

  Arguments
    member       text    the session in the bucket's indexes
    executor     text    empty to leave the binding alone
    isHeld       flag    a failed input holds its lane
    hasSettings  flag
    settings     text    JSON
    mayRevive    flag
    rewakeMs     number

  Reply
    {"created", phase, revision}
    {"existing", phase, revision}
    {"refused", phase}
    {"torn"}

  Raises   session session.register, session.bind, run.stage
  Uses     clock, step, session, due
  Upholds  D1, D2
  Clock    the store's
  Memory   refused
  Cost     O(log N) in the bucket's sessions
]]
local c

-- Revision 0 stands for the default settings alone, which every sender knows without asking.
local function create()
  c = new_context(K.session, now(), {
    phase = SESSION_INITIAL, generation = 0, settingsRevision = A.hasSettings and 1 or 0, executor = A.executor, isHeld = A.isHeld,
    admitted = 0, wokenThrough = 0, queued = 0, waking = 0, scheduled = 0, steerHead = 1, steerTail = 1,
    queueHead = 1, queueTail = 1, epoch = 0, sweeps = 0, warmNode = "", warmUntil = 0, position = 0, digest = GENESIS_DIGEST,
    cursor = 0, deadLetters = 0, choresHead = 1, choresTail = 1, isUnhosted = false,
  })
  emit(c, "session.registered|" .. A.executor)
  put(c, "hold", "")
  put(c, "settings", A.settings)
  -- The sentinel keeps the key from ever being empty: a script that empties a key can be torn.
  redis.call("ZADD", K.later, "+inf", "")
  redis.call("ZADD", K.index, 0, "d " .. A.member)
  commit(c)
  return { "created", c.h.phase, c.h.settingsRevision }
end

local EFFECTS = {
  bindExecutor = function()
    if c.h.isUnhosted then redis.call("ZREM", K.index, unhosted_entry(c, A.member)) end
    c.h.executor, c.h.isHeld, c.h.isUnhosted = A.executor, A.isHeld, false
    emit(c, "session.registered|" .. A.executor)
  end,
  indexDue = function()
    if not c.is_held then index_due(c, K.due, A.member, due_at_rest(c, K.later, c.t + A.rewakeMs)) end
  end,
}

local rows = redis.call("HMGET", K.session, "head", "hold", "txn")
if not rows[1] then return create() end
if rows[3] ~= "" then return { "torn" } end
c = open(K.session, now(), rows[1])
c.is_held = rows[2] ~= ""

local phase, effects = step(SESSION_ROWS, c.h.phase, A.executor ~= "" and "session.bind" or "session.register", "")
local is_revival = phase ~= nil and phase ~= c.h.phase
if is_revival and not A.mayRevive then return { "refused", c.h.phase } end
if not phase and (A.executor ~= "" or SESSION_FINAL[c.h.phase]) then return { "refused", c.h.phase } end

local is_rebound = A.executor ~= "" and (A.executor ~= c.h.executor or A.isHeld ~= c.h.isHeld)
if is_revival or is_rebound then
  if is_revival then emit(c, "session.revived|" .. c.h.phase .. "|" .. phase) end
  c.h.phase = phase
  mark(c)
  perform(effects, EFFECTS)
end
if A.hasSettings then
  c.h.settingsRevision = c.h.settingsRevision + 1
  put(c, "settings", A.settings)
end
if is_revival or is_rebound or A.hasSettings then commit(c) end
return { "existing", c.h.phase, c.h.settingsRevision }
