--[[
  mark-delivery: move an inbox's cursor over its next delivery, and let go of an old payload.

  Keys inbox

  Arguments
    member       text   the inbox in the bucket's index
    deliveryId   text   encoded
    disposition  bytes  JSON, what became of it

  Reply
    {"applied", sequence}
    {"repeated", sequence}                 applied before
    {"out_of_order", expected, sequence}   another one comes first
    {"missing"}
    {"corrupt", fault}

  Uses     inbox
  Upholds  D62, D63, D64
  Memory   allowed
  Cost     O(1)
]]
local inbox, fault = open_inbox(K.inbox)
if not inbox then return { "corrupt", fault } end
local delivery
delivery, fault = find_delivery(K.inbox, inbox, A.deliveryId)
if fault then return { "corrupt", fault } end
if not delivery then return { "missing" } end
if delivery.sequence <= inbox.applied then return { "repeated", delivery.sequence } end
if delivery.sequence ~= inbox.applied + 1 then return { "out_of_order", inbox.applied + 1, delivery.sequence } end

inbox.applied, delivery.disposition = delivery.sequence, A.disposition
local fields = { "authority", "", "i" .. A.deliveryId, encode_delivery(delivery) }
-- Emptied, not removed: one writing cannot be torn, and the number of rows stays that of the deliveries.
if inbox.applied - inbox.trimmed > KEPT_DELIVERIES then
  inbox.trimmed = inbox.trimmed + 1
  fields[5], fields[6] = "s" .. inbox.trimmed, ""
end
fields[2] = encode_inbox(inbox)
redis.call("HSET", K.inbox, unpack(fields))
if inbox.applied == inbox.committed then redis.call("ZREM", K.due, A.member) end
return { "applied", delivery.sequence }
