--[[
  submit-delivery: commit a delivery to an inbox, once.

  Keys inbox

  Arguments
    member          text    the inbox in the bucket's index
    deliveryId      text    encoded
    sourceSequence  number
    digest          text    of the whole submission
    sweepDelayMs    number
    submission      bytes   opaque

  Reply
    {"committed", sequence}
    {"reused", sequence}     the same submission, committed before
    {"conflict", sequence}   another submission has this id
    {"corrupt", fault}

  Uses     clock, session, inbox
  Upholds  D61, D62, D64, D65
  Clock    the store's
  Memory   refused
  Cost     O(1); O(log N) in sessions due in the bucket
]]
local inbox, fault = open_inbox(K.inbox)
if not inbox then return { "corrupt", fault } end
local known_delivery
known_delivery, fault = find_delivery(K.inbox, inbox, A.deliveryId)
if fault then return { "corrupt", fault } end
if known_delivery then
  if known_delivery.digest ~= A.digest then return { "conflict", known_delivery.sequence } end
  return { "reused", known_delivery.sequence }
end

-- Due before it is there: torn in between, somebody looks in vain. Until its session exists, nobody need look.
local is_wanted = redis.call("HEXISTS", K.session, "head") == 1
redis.call("ZADD", K.due, "LT", is_wanted and digits(now() + A.sweepDelayMs) or "+inf", A.member)
inbox.committed = inbox.committed + 1
local delivery = blank_delivery()
delivery.sequence, delivery.sourceSequence, delivery.digest = inbox.committed, A.sourceSequence, A.digest
redis.call("HSET", K.inbox, "authority", encode_inbox(inbox), "i" .. A.deliveryId, encode_delivery(delivery),
  "s" .. inbox.committed, A.deliveryId .. " " .. A.submission)
return { "committed", inbox.committed }
