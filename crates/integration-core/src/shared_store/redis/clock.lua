-- The clock of the store in microseconds: the callers' clocks do not matter.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
-- A field as a number up to 'most'; anything else counts as not there.
local function number(value, most)
  local found = tonumber(value)
  if found and found == found and found >= -most and found <= most then
    return math.floor(found)
  end
end
-- Numbers of this size would be written with an exponent.
local function whole(value)
  return string.format('%.0f', value)
end
