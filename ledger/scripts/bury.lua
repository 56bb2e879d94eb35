-- Takes a worker whose lease has ended off the list, once everything it held was swept, and counts the death: tasks that
-- it had taken from the queue and not claimed yet are woken again under another number.
-- KEYS 1 meta 2 workers    ARGV 1 worker
-- Returns 1 | 0 somebody else did | -1 its lease runs
local til = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not til then return 0 end
if tonumber(til) >= now_ms() then return -1 end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HINCRBY', KEYS[1], 'deaths', 1)
return 1
