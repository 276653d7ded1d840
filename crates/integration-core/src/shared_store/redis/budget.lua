-- KEYS: budget of the key.
-- ARGV: earned, capacity, cost (thousandths of a token), time of the floor (-1 without), saved
-- time of the floor, keep (ms).
-- Answers: 0 paid, 1 denied; after which time the floor can pay, -1 without.
local earned, capacity, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local floor, saved = tonumber(ARGV[4]), tonumber(ARGV[5])
local held = redis.call('HMGET', KEYS[1], 'share', 'since')
local share = math.max(number(held[1], capacity) or 0, -capacity)
share = math.min(share + earned, capacity)
-- Never ahead of now, so that a clock that was set back costs nothing but its own time.
local since = math.min(math.max(number(held[2], now) or 0, now - saved), now)
local answer = {0, 0}
if cost > 0 then
  local floor_pays = floor >= 0 and since + floor <= now
  if share < cost and not floor_pays then
    answer = {1, floor >= 0 and since + floor - now or -1}
  else
    -- Both are charged whichever of them pays, so that the larger counts and not the sum.
    share = math.max(share - cost, -capacity)
    if floor >= 0 then
      since = math.min(since + floor, now)
    end
  end
end
redis.call('HSET', KEYS[1], 'share', whole(share), 'since', whole(since))
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return answer
