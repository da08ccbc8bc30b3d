-- What a process sends with every call and never changes, taken apart once per text. A session's
-- scripts see few such texts: as many as there are processes and kinds of calls.
local CONSTANTS, constant_texts = {}, 0

local function constants_of(text)
  local known = CONSTANTS[text]
  if known then return known end
  if constant_texts >= 1000 then CONSTANTS, constant_texts = {}, 0 end
  known = cjson.decode(text)
  CONSTANTS[text], constant_texts = known, constant_texts + 1
  return known
end
