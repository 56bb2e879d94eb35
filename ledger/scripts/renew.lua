-- Keeps a worker's lease. A lease that has ended is never renewed: its letters may be planned again already, so the
-- worker goes on under a new name.
-- KEYS 1 workers    ARGV 1 worker 2 life in ms 3 '1' to take the lease for the first time
-- Returns 1 | 0 the lease has ended
local now = now_ms()
local til = redis.call('ZSCORE', KEYS[1], ARGV[1])
if til then
  if tonumber(til) < now then return 0 end
elseif ARGV[3] ~= '1' then return 0 end
redis.call('ZADD', KEYS[1], int(now + tonumber(ARGV[2])), ARGV[1])
return 1
