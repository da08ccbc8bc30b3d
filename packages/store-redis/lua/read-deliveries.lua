--[[
  read-deliveries: the front of what is pending in an inbox, each row checked against the authority.

  Keys inbox

  Arguments
    limit  number  at most 100

  Reply
    {"pending", applied, committed, {sequence, sourceSequence, digest, disposition, submission}...}
    {"corrupt", fault}

  Uses     inbox
  Upholds  D63, D64
  Memory   allowed
  Cost     O(limit)
]]
local inbox, fault = open_inbox(K.inbox)
if not inbox then return { "corrupt", fault } end
local reply = { "pending", inbox.applied, inbox.committed }
for sequence = inbox.applied + 1, math.min(inbox.committed, inbox.applied + A.limit) do
  local submission = redis.call("HGET", K.inbox, "s" .. sequence)
  local delivery
  delivery, fault = delivery_at(K.inbox, inbox, sequence, submission)
  if not delivery then return { "corrupt", fault } end
  delivery[#delivery + 1] = submission
  reply[#reply + 1] = delivery
end
return reply
