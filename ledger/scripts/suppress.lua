-- Puts an address on the suppression list, by its hash, for ever.
-- KEYS 1 meta 2 audit 3 suppressed    ARGV 1 who 2 address hash 3 reason
-- Returns 'done' | 'again'
local now = now_ms()
if redis.call('HEXISTS', KEYS[3], ARGV[2]) == 1 then return 'again' end
redis.call('HSET', KEYS[3], ARGV[2], int(now) .. '|' .. ARGV[1] .. '|' .. ARGV[3])
audit(KEYS[1], KEYS[2], now, ARGV[1], 'suppress', ARGV[2] .. '\n' .. ARGV[3])
return 'done'
