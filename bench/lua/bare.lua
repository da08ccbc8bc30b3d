#!lua name=bench_bare
--[[
  The floor: two functions of four calls each that move about the bytes of an admission and of an
  advance through one session's hash, and decide nothing.

  Keys  session hash, index of due sessions
]]
local function admit(keys, argv)
  local id, n, record, entry, event, head, payload, at, member = unpack(argv)
  redis.call("TIME")
  redis.call("HMGET", keys[1], "head", "hold", "txn", "i" .. id)
  redis.call("HSET", keys[1], "i" .. id, record, "p" .. n, payload, "q" .. n, entry, "e" .. n, event, "head", head)
  redis.call("ZADD", keys[2], "LT", at, member)
  return { "accepted", n }
end

local function advance(keys, argv)
  local id, n, record, receipt, run, hold, event, head, state, at, member = unpack(argv)
  local rows = redis.call("HMGET", keys[1], "head", "hold", "last", "i" .. id, "p" .. n)
  redis.call("HDEL", keys[1], "q" .. n)
  redis.call("HSET", keys[1], "i" .. id, record, "r" .. n, receipt, "u" .. id, run, "o" .. n, state, "state", state,
    "e" .. n .. "s", event, "e" .. n .. "c", event, "hold", hold, "last", hold, "head", head)
  redis.call("ZADD", keys[2], at, member)
  return { "committed", n, rows[5] }
end

redis.register_function("bench_bare_admit", admit)
redis.register_function("bench_bare_advance", advance)
