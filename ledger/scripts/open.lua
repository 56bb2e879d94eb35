-- Opens the ledger: gives it an epoch if it has none, and the schema of a program that is newer than it.
-- KEYS 1 meta    ARGV 1 a new random epoch, 2 the schema number this program writes
-- Returns {epoch, schema, seq, chain}
if redis.call('HSETNX', KEYS[1], 'epoch', ARGV[1]) == 1 then
  redis.call('HSET', KEYS[1], 'schema', ARGV[2], 'seq', '0', 'chain', '')
end
local schema = tonumber(redis.call('HGET', KEYS[1], 'schema') or '')
if schema and schema < tonumber(ARGV[2]) then redis.call('HSET', KEYS[1], 'schema', ARGV[2]) end
return redis.call('HMGET', KEYS[1], 'epoch', 'schema', 'seq', 'chain')
