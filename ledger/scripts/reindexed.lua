-- Takes a campaign off the list of those whose blocks want their place, if no hold was freed since its number was read.
-- KEYS 1 reindex    ARGV 1 campaign 2 the number
-- Returns 1 | 0 a hold was freed meanwhile
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
return 1
