-- Sends the edition that waits back to who planned it, with a reason. It waits on until another one is planned; whoever
-- looks at it sees why it came back.
-- KEYS 1 meta 2 audit 3 campaign
-- ARGV 1 who 2 campaign 3 edition 4 reason
-- Returns {'done', number} | {'again', number} | {'other', pending or ''} another edition waits, or none
local now = now_ms()
local c = redis.call('HMGET', KEYS[3], 'pending', 'back', 'back_by', 'back_why')
local number = redis.call('HGET', KEYS[3], 'number:' .. ARGV[3])
if c[1] ~= ARGV[3] then return {'other', c[1] or ''} end
if c[2] == ARGV[3] and c[3] == ARGV[1] and c[4] == ARGV[4] then return {'again', number} end
redis.call('HSET', KEYS[3], 'back', ARGV[3], 'back_by', ARGV[1], 'back_at', int(now), 'back_why', ARGV[4])
audit(KEYS[1], KEYS[2], now, ARGV[1], 'send back', ARGV[2] .. ' edition ' .. number .. ' ' .. ARGV[3] .. '\n' .. ARGV[4])
return {'done', number}
