-- Starts, pauses, resumes or cancels a campaign. Cancelling sets the flag at once; the sweep cancels the letters.
-- KEYS 1 meta 2 audit 3 campaign 4 counts
-- ARGV 1 who 2 campaign 3 start|pause|resume|cancel 4 reason
-- Returns {'done', status, letters past the commit point} | {'again', status, n} it is so already
--       | {'no', status} not from this status | {'unlaid'} planning was cut off: plan again
local now = now_ms()
local verb = ARGV[3]
local from = {start = 'approved', pause = 'running', resume = 'paused'}
local to = {start = 'running', pause = 'paused', resume = 'running', cancel = 'cancelled'}
local c = redis.call('HMGET', KEYS[3], 'status', 'edition', 'laid', 'steps')
local status = c[1] or ''
local past = 0
for step in string.gmatch(c[4] or '', '%S+') do
  past = past + tonumber(redis.call('HGET', KEYS[4], step .. '/G') or '0')
end
if status == to[verb] then return {'again', status, int(past)} end
if status == '' or status == 'cancelled' or (from[verb] and status ~= from[verb]) then return {'no', status} end
if verb == 'start' and c[2] ~= c[3] then return {'unlaid'} end
redis.call('HSET', KEYS[3], 'status', to[verb], verb .. '_by', ARGV[1], verb .. '_at', int(now), verb .. '_why', ARGV[4])
audit(KEYS[1], KEYS[2], now, ARGV[1], verb, ARGV[2] .. (ARGV[4] ~= '' and ('\n' .. ARGV[4]) or ''))
return {'done', to[verb], int(past)}
