-- Replies are flat lists: Redis looks into every nested one for seven kinds of replies it might be.

-- Appends what ended in this call: how many, by the end of which attempt, and six columns of each.
local function append_settled(reply, c)
  local settled, n = c.settled, #reply + 1
  reply[n], reply[n + 1] = #settled / 6, c.endedRun or ""
  for i = 1, #settled do reply[n + 1 + i] = settled[i] end
  return reply
end

-- Appends inputs with their payloads: how many, and six columns of each.
local function append_inputs(reply, loaded)
  local n = #reply + 1
  reply[n] = #loaded
  for i = 1, #loaded do
    local record = loaded[i].record
    reply[n + 1], reply[n + 2], reply[n + 3] = loaded[i].id, record.admission, record.attempts
    reply[n + 4], reply[n + 5], reply[n + 6] = record.failures, record.losses, loaded[i].payload
    n = n + 6
  end
  return reply
end

-- Appends the staged batch: ten columns, four of what the run keeps from its last boundary, its inputs.
local function append_batch(reply, c, loaded)
  local hold, head, n, kept = c.hold, c.head, #reply, c.kept
  reply[n + 1], reply[n + 2], reply[n + 3] = hold.token, hold.claimId, hold.runId
  reply[n + 4], reply[n + 5], reply[n + 6] = hold.attempt, hold.sequence, head.position
  reply[n + 7], reply[n + 8], reply[n + 9], reply[n + 10] = head.digest, head.executor, hold.boundary, hold.journal
  reply[n + 11], reply[n + 12] = hold.applied, kept and kept.failures or 0
  reply[n + 13], reply[n + 14] = kept and kept.data or "", kept and kept.value or ""
  return append_inputs(reply, loaded)
end
