-- KEYS: gate of the key, birth of the memory.
-- ARGV: longest wait, horizon, keep (ms), then per quota: tolerance, slack, price, per.
-- Answers: 0 go, 1 wait, 2 full, 3 paused; how long; age of the memory.
local max_wait, horizon = tonumber(ARGV[1]), tonumber(ARGV[2])
local month = 2592000000000
local born = number(redis.call('GET', KEYS[2]), now)
if not born then
  born = now
  redis.call('SET', KEYS[2], whole(now), 'PX', month / 1000)
end
local age = now - born
local held = redis.call('HMGET', KEYS[1], 'at', 'pause', 't1', 't2', 't3', 't4')
local at = number(held[1], now + month) or now
-- A clock that was set back takes all times with it, or they would last until it is there again.
local back = math.max(at - now, 0)
local function held_time(value)
  local found = number(value, now + back + month)
  return found and found - back
end
local fields = {'at', whole(now)}
local function keep(name, value)
  fields[#fields + 1] = name
  fields[#fields + 1] = whole(value)
end
local pause = held_time(held[2])
if back > 0 then
  if pause then keep('pause', math.max(pause, 0)) end
  for i = 1, 4 do
    local due = held_time(held[2 + i])
    if due then keep('t' .. i, math.max(due, 0)) end
  end
  redis.call('HSET', KEYS[1], unpack(fields))
  fields = {'at', whole(now)}
end
if pause and pause > now then
  return {3, pause - now, age}
end
local dues, go = {}, now
for i = 1, (#ARGV - 3) / 4 do
  local first = 4 * i
  local tolerance, slack = tonumber(ARGV[first]), tonumber(ARGV[first + 1])
  local price, per = tonumber(ARGV[first + 2]), tonumber(ARGV[first + 3])
  local due = held_time(held[2 + i])
  if not due then
    -- Forgotten within the window: what was granted before is not known.
    due = now + (age < per and tolerance or 0)
  end
  if pause then
    -- After a pause there is no burst.
    due = math.max(due, pause + tolerance)
  end
  if price > 0 then
    dues[#dues + 1] = {'t' .. i, due, price}
    go = math.max(go, due - slack)
  end
end
local wait = go - now
if wait > max_wait then
  return {2, wait, age}
end
if wait > horizon then
  return {2, wait - horizon, age}
end
if #dues == 0 then
  return {0, 0, age}
end
local last = now
for _, due in ipairs(dues) do
  local next_due = math.max(due[2], go) + due[3]
  keep(due[1], next_due)
  last = math.max(last, next_due)
end
redis.call('HSET', KEYS[1], unpack(fields))
redis.call('PEXPIRE', KEYS[1], whole(math.ceil((last - now) / 1000) + ARGV[3]))
return {wait > 0 and 1 or 0, wait, age}
