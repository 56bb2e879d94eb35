-- Ends a restore: the ledger gets an epoch of its own and stays frozen; every campaign's blocks get their place in the
-- index looked at.
-- KEYS 1 meta 2 audit 3 campaigns 4 reindex
-- ARGV 1 who 2 a new random epoch 3 schema 4 seq and 5 chain of the last entry restored 6 deaths of workers
--      7 why it is frozen 8 what was restored 9 the epochs that it had, joined by spaces
-- Returns 'done'
local now = now_ms()
redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'schema', ARGV[3], 'seq', ARGV[4], 'chain', ARGV[5], 'deaths', ARGV[6],
  'frozen', ARGV[7], 'epochs', ARGV[9])
redis.call('HDEL', KEYS[1], 'restoring')
for _, name in ipairs(redis.call('SMEMBERS', KEYS[3])) do toplace(KEYS[4], name, now) end
audit(KEYS[1], KEYS[2], now, ARGV[1], 'restore', ARGV[7] .. '\n' .. ARGV[8])
return 'done'
