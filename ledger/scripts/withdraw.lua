-- Withdraws facts of the register, each as one row of it was written: no letter whose edition cites one passes the commit
-- point any more. Workers know by the token, which is never the same twice, that their list is not the newest.
-- KEYS 1 meta 2 audit 3 withdrawn
-- ARGV 1 who 2 reason, then the keys of the facts
-- Returns 'done' | 'again' all of them are withdrawn already
local now = now_ms()
local body = {}
for i = 3, #ARGV do
  if redis.call('HEXISTS', KEYS[3], ARGV[i]) == 0 then
    redis.call('HSET', KEYS[3], ARGV[i], int(now) .. '|' .. ARGV[1] .. '|' .. ARGV[2])
    body[#body + 1] = ARGV[i]
  end
end
if #body == 0 then return 'again' end
audit(KEYS[1], KEYS[2], now, ARGV[1], 'withdraw', table.concat(body, '\n') .. '\n' .. ARGV[2])
redis.call('HSET', KEYS[3], '.token', string.sub(redis.call('HGET', KEYS[1], 'chain'), 1, 12))
return 'done'
