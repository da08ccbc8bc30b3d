-- How a run is asked to end.

-- What was asked for before is never taken back, only brought forward.
local function raise_cancel(c, mode)
  local hold = c.hold
  if CANCEL_RANKS[mode] <= (CANCEL_RANKS[hold.cancelMode] or 0) then return end
  hold.cancelMode = mode
  set_hold(c, hold)
end
