-- KEYS: gate of the key. ARGV: how long, keep (ms).
local wait = tonumber(ARGV[1])
local month = 2592000000000
local held = redis.call('HMGET', KEYS[1], 'at', 'pause')
local at = number(held[1], now + month) or now
local back = math.max(at - now, 0)
local pause = number(held[2], now + back + month)
local until_ = math.max(pause and pause - back or 0, now + wait)
-- 'at' stays while it is ahead: the next admission moves all times by it.
redis.call('HSET', KEYS[1], 'at', whole(math.max(at, now)), 'pause', whole(until_ + back))
local left = redis.call('PTTL', KEYS[1])
local ttl = math.ceil((until_ - now) / 1000) + ARGV[2]
if ttl > left then
  redis.call('PEXPIRE', KEYS[1], whole(ttl))
end
return 0
