-- A worker says how its relays are, and hears what became of them elsewhere.
-- KEYS 1 relays, then each relay
-- ARGV 1 worker 2 ms for which its word stands, then per relay: name, why the worker offers it no letter ('': it may be)
-- Returns per relay: why it is held ('' it is not), how often a person released it
local now = now_ms()
local out = {}
for i = 2, #KEYS do
  local relay, name, why = KEYS[i], ARGV[2 * i - 1], ARGV[2 * i]
  redis.call('SADD', KEYS[1], name)
  local r = redis.call('HMGET', relay, 'held', 'released', 'trouble')
  if why ~= '' then
    redis.call('HSET', relay, 'trouble', int(now + tonumber(ARGV[2])) .. '|' .. ARGV[1] .. '|' .. why)
  elseif r[3] and string.match(r[3], '^%d+|([^|]*)|') == ARGV[1] then
    redis.call('HDEL', relay, 'trouble')
  end
  out[#out + 1] = r[1] or ''
  out[#out + 1] = r[2] or '0'
end
return out
