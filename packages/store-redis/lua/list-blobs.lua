--[[
  list-blobs: a page of the blobs of a session, with how long ago each was put.

  Keys blobs

  Arguments
    cursor  text  0 for the beginning

  Reply
    {"page", cursor, name, ageMs...}   cursor: 0 at the end

  Uses     clock, constants
  Upholds  D56
  Clock    the store's
  Memory   allowed
  Cost     O(100)
]]
local t = now()
local page = redis.call("ZSCAN", K.stamps, A.cursor, "COUNT", SCRIPT_BATCH)
local reply = { "page", page[1] }
for i = 1, #page[2], 2 do
  reply[#reply + 1] = page[2][i]
  reply[#reply + 1] = t - tonumber(page[2][i + 1])
end
return reply
