-- What a claim does before it stages.

local function staged_answer(c, cached_digest, followers, loaded)
  local is_cached = cached_digest ~= "" and cached_digest == c.head.digest
  local state = not is_cached and redis.call("HGET", c.key, "state") or ""
  return append_batch(append_settled({ "staged", bit(is_cached), state, followers, c.head.cursor }, c), c, loaded)
end

-- A repeat that arrives after its hold ended: the run it would name exists, or the latest settlement
-- carries its claim. Staging under either once more would mix two holds.
local function is_over(claim_id, run, last)
  return run or (last and string.find(last, "." .. claim_id .. ".", 1, true))
end

-- Nobody here may run it: whoever announces the executor makes it due again.
local function park_unhosted(c, keys, unhosted)
  mark(c)
  redis.call("ZADD", keys.due, digits(earliest(c.t + unhosted, next_expiry(c, keys.later))), keys.member)
  redis.call("ZADD", keys.index, 0, unhosted_entry(c, keys.member))
  if not c.head.isUnhosted then emit(c, "runtime.unhosted|" .. c.head.executor .. "|" .. c.head.versions) end
  c.head.isUnhosted = true
  commit(c)
end

local function leave_unhosted(c, index_key, member)
  if not c.head.isUnhosted then return end
  c.head.isUnhosted = false
  mark(c)
  redis.call("ZREM", index_key, unhosted_entry(c, member))
end

local BURY_EFFECTS = {
  clearRun = function(c, max_losses) lose_attempt(c, max_losses) end,
  indexDue = function() end, -- the claim indexes what it leaves
}

-- The attempt of a dead holder ends before anything new is staged, and so does what need not survive it.
local function bury_dead_holder(c, max_losses, later_key)
  if not c.hold then return end
  local phase, effects = step(SESSION_ROWS, c.head.phase, "run.settle", "1")
  if not phase then error("phase " .. c.head.phase .. " holds a run") end
  perform(effects, BURY_EFFECTS, c, max_losses)
  drop_passing(c, later_key)
end
