-- Takes an address off the suppression list.
-- KEYS 1 meta 2 audit 3 suppressed
-- ARGV 1 who 2 address hash 3 random salt, for a ledger without 4 reason 5 '1' also where its reader asked to be on the list
-- Returns {'done'} | {'none'} it is not on the list | {'asked', source, at (ms)}
local now = now_ms()
local salted = salt(KEYS[1], ARGV[2], ARGV[3])
local was = redis.call('HGET', KEYS[3], ARGV[2]) or redis.call('HGET', KEYS[3], salted)
if not was then return {'none'} end
local source = string.match(was, '|\t([^\t]*)\t') or 'hand'
if ARGV[5] ~= '1' and (source == 'opt-out' or source == 'complaint') then return {'asked', source, (string.match(was, '^%d+'))} end
redis.call('HDEL', KEYS[3], ARGV[2], salted)
relisted(KEYS[1], KEYS[3])
audit(KEYS[1], KEYS[2], now, ARGV[1], 'unsuppress', salted .. '\n' .. ARGV[4])
return {'done'}
