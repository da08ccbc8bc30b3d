-- The store's clock (L7): epoch milliseconds, read once per script.
local function now()
  local time = redis.call("TIME")
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
