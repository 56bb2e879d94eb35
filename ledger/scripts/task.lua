-- A person takes a task, or closes it with a word.
-- KEYS 1 meta 2 audit 3 tasks    ARGV 1 who 2 take|close 3 task 4 word
-- Returns {'done'} | {'again'} it is so already | {'none'} | {'closed', by, word} it cannot be taken any more
--       | {'taken', by} somebody else does it
local now = now_ms()
local v = redis.call('HGET', KEYS[3], ARGV[3])
if not v then return {'none'} end
local t = tasklines(v)
if ARGV[2] == 'close' then
  if not closetask(KEYS[3], ARGV[3], now, ARGV[1], ARGV[4]) then return {'again'} end
else
  if t[1] == 'C' then return {'closed', t[8], t[9]} end
  if t[6] ~= '' and person(t[6]) ~= person(ARGV[1]) then return {'taken', t[6]} end
  if t[6] ~= '' then return {'again'} end
  t[5], t[6] = int(now), ARGV[1]
  redis.call('HSET', KEYS[3], ARGV[3], table.concat(t, '\n'))
end
audit(KEYS[1], KEYS[2], now, ARGV[1], 'task', ARGV[2] .. ' ' .. ARGV[3] .. (ARGV[4] ~= '' and ('\n' .. ARGV[4]) or ''))
return {'done'}
