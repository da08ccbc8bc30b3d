-- Where a session is listed under its labels: `t <label> <member>`.
local function write_labels(c, command, index_key, member, labels)
  for label in string.gmatch(labels or "", "[^,]+") do
    local entry = "t " .. label .. " " .. member
    if command == "ZADD" then send(c, command, index_key, 0, entry) else send(c, command, index_key, entry) end
  end
end

local function list_labels(c, index_key, member, labels) write_labels(c, "ZADD", index_key, member, labels) end

local function unlist_labels(c, index_key, member, labels) write_labels(c, "ZREM", index_key, member, labels) end
