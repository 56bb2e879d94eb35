-- Forgets a suppressed address and keeps its salted hash, so that it stays suppressed.
-- KEYS 1 meta 2 audit 3 suppressed    ARGV 1 who 2 address hash 3 random salt, for a ledger without
-- Returns 'done' | 'again' | 'none' it is not on the list
local now = now_ms()
local salted = salt(KEYS[1], ARGV[2], ARGV[3])
local was = redis.call('HGET', KEYS[3], ARGV[2])
if not was then return redis.call('HEXISTS', KEYS[3], salted) == 1 and 'again' or 'none' end
local at, by, rest = string.match(was, '^(%d+)|([^|]*)|(.*)$')
local source = string.match(rest, '^\t([^\t]*)\t') or 'hand'
redis.call('HSET', KEYS[3], salted, at .. '|' .. by .. '|\t' .. source .. '\t\terased')
redis.call('HDEL', KEYS[3], ARGV[2])
relisted(KEYS[1], KEYS[3])
audit(KEYS[1], KEYS[2], now, ARGV[1], 'erase', salted)
return 'done'
