--[[
  find-delivery: one delivery of an inbox, with its submission while that is kept.

  Keys inbox

  Arguments
    deliveryId  text  encoded

  Reply
    {"found", {sequence, sourceSequence, digest, disposition, submission}}
    {"missing"}
    {"corrupt", fault}

  Uses     inbox
  Upholds  D62, D64
  Memory   allowed
  Cost     O(1)
]]
local inbox, fault = open_inbox(K.inbox)
if not inbox then return { "corrupt", fault } end
local delivery
delivery, fault = find_delivery(K.inbox, inbox, A.deliveryId)
if fault then return { "corrupt", fault } end
if not delivery then return { "missing" } end
delivery[#delivery + 1] = redis.call("HGET", K.inbox, "s" .. delivery.sequence) or ""
return { "found", delivery }
