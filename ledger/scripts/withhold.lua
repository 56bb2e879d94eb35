-- Withholds a claimed letter: its content or its addressee must change, for one reason in words.
-- KEYS 1 meta 2 audit 3 rows 4 counts 5 look 6 busy
-- ARGV 1 campaign 2 step 3 block 4 nonce 5 donor 6 reason (64 bytes at most) 7 reason in full
-- Returns 'ok' | 'again' | 'nonce' somebody else holds it
local now = now_ms()
local step, donor = ARGV[2], ARGV[5]
local r = parse(redis.call('HGET', KEYS[3], donor))
if not r or r.n ~= ARGV[4] then return 'nonce' end
if r.s == 'W' then return 'again' end
if r.s ~= 'C' then return 'nonce' end
r.t = now
write(KEYS[3], KEYS[4], KEYS[5], step, donor, r, 'W', ARGV[6])
freed(KEYS[3], KEYS[6], ARGV[1] .. '/' .. step .. '/' .. ARGV[3], 1)
audit(KEYS[1], KEYS[2], now, 'worker', 'withhold', ARGV[1] .. '\n' .. step .. '/' .. donor .. ' ' .. ARGV[7])
return done('ok')
