-- Takes an input from among the dead letters: somebody redrove it, under the id `by`, or discarded it.
local function close_letter(c, id, record, by)
  local head = c.head
  remove(c, format("d%d", record.letter))
  record.letter, record.redrivenBy = 0, by
  head.openLetters = head.openLetters - 1
  put(c, "i" .. id, encode_record(record))
  if head.openLetters > 0 then return end
  mark(c)
  send(c, "ZREM", c.index, "l " .. c.member)
end
