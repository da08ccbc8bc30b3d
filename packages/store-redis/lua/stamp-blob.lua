--[[
  stamp-blob: a blob is about to be put; from now on it is young. Before the content, so that there is
  none without a stamp.

  Keys blobs

  Arguments
    name  text

  Reply
    {"stamped"}

  Uses     clock, session
  Upholds  D56
  Clock    the store's
  Memory   refused
  Cost     O(log N) in the blobs of the session
]]
redis.call("ZADD", K.stamps, digits(now()), A.name)
return { "stamped" }
