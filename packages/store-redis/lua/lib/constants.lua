-- Remembers what a text was decoded to. For texts of which processes send few, again and again:
-- settings of a process, columns of the policy table, offers of a worker.
local function remembered(decode)
  local known, count = {}, 0
  return function(text)
    local value = known[text]
    if value then return value end
    if count >= 1000 then known, count = {}, 0 end
    value = decode(text)
    known[text], count = value, count + 1
    return value
  end
end

-- What a process sends with every call and never changes.
local constants_of = remembered(function(text) return cjson.decode(text) end)
