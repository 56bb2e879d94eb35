-- A person lets a relay be used again: its hold ends, and workers that leave it alone try it at once.
-- KEYS 1 meta 2 audit 3 relay 4 relays
-- ARGV 1 who 2 relay's name 3 reason
-- Returns 'done' | 'again' nothing was known that keeps letters from it; workers are told all the same, because one may
--       know better by now | 'unknown' no worker has named it yet
local now = now_ms()
local r = redis.call('HMGET', KEYS[3], 'held', 'trouble')
if redis.call('SISMEMBER', KEYS[4], ARGV[2]) == 0 and not r[1] then return 'unknown' end
local til = r[2] and tonumber(string.match(r[2], '^(%d+)|'))
redis.call('HDEL', KEYS[3], 'held', 'since', 'doubts', 'trouble')
redis.call('HINCRBY', KEYS[3], 'released', 1)
audit(KEYS[1], KEYS[2], now, ARGV[1], 'release', 'relay:' .. ARGV[2] .. (ARGV[3] ~= '' and ('\n' .. ARGV[3]) or ''))
return (r[1] or til and til > now) and 'done' or 'again'
