-- A person settles a doubt, or sends a refused or bounced letter again to its new address.
-- KEYS 1 meta 2 audit 3 campaign 4 rows 5 counts 6 look 7 due 8 cases 9 follow 10 resolved
-- ARGV 1 who 2 campaign 3 step 4 block 5 donor 6 sent|resend|give-up 7 reason 8 words (64 bytes at most)
--      9 ms that must have passed since the doubt
--      10 the approved edition if it has another address for the donor than the letter's own edition, else ''
-- Returns {'ok', state written, generation, state before} | {'again', state, generation} this person decided just that
--       | {'none'} no such letter | {'state', state} nothing to decide | {'own', who, 'planned' or 'started', edition's number}
--       | {'quiet', since (ms), from when on (ms)} | {'address'} refused or bounced, and its address is the same still
local now = now_ms()
local who, name, step, block, donor, decision, reason = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local k = {campaign = KEYS[3], rows = KEYS[4], counts = KEYS[5], look = KEYS[6], due = KEYS[7], cases = KEYS[8], follow = KEYS[9]}
local id = step .. '/' .. donor
local r = parse(redis.call('HGET', k.rows, donor))
if not r then return {'none'} end
local back = r.s == 'R' or r.s == 'B'
if r.s ~= 'D' and not (back and decision == 'resend') then
  local was, g, at, by, from, why = string.match(redis.call('HGET', KEYS[10], id) or '',
    '^([^|]*)|(%d+)|(%d+)|([^|]*)|(%a)|(.*)$')
  if was == decision and tonumber(g) == r.g and person(by) == person(who) and why == reason then
    return {'again', r.s, g}
  end
  return {'state', r.s}
end
local c = redis.call('HMGET', KEYS[3], 'edition', 'number', 'hash:' .. int(r.e))
for _, edition in ipairs({c[3] or '', c[1] or ''}) do
  local author, how = made(KEYS[3], edition, who)
  if author then return {'own', author, how, redis.call('HGET', KEYS[3], 'number:' .. edition) or ''} end
end
if back then
  if ARGV[10] == '' or ARGV[10] ~= c[1] or c[1] == c[3] then return {'address'} end
elseif now < r.t + tonumber(ARGV[9]) then
  return {'quiet', int(r.t), int(r.t + tonumber(ARGV[9]))}
end
local was, to = r.s, nil
if decision == 'resend' then
  r.g, r.m = r.g + 1, 'f' -- a person lets it go
  if back then
    -- Another address is another letter to its reader: its date is the day it leaves, and no earlier copy speaks for it.
    r.a, r.d, r.e = 0, 0, 0
    prove(k.rows, donor, {n = 0, g = r.g, k = 0, p = 0, d = 0, t = 0, ids = ''})
  else
    r.a = 1 -- keeps the date, and begins its retries anew
  end
  to = replan(k, step, block, donor, r, now, now, ARGV[8])
else
  to = decision == 'sent' and 'S' or 'X'
  r.t = now
  write(k.rows, k.counts, k.look, step, donor, r, to, ARGV[8])
  if to == 'S' then redis.call('ZADD', k.follow, int(now), step .. '/' .. block) end
end
redis.call('HSET', KEYS[10], id, decision .. '|' .. int(r.g) .. '|' .. int(now) .. '|' .. who .. '|' .. was .. '|' .. reason)
audit(KEYS[1], KEYS[2], now, who, 'resolve', name .. '/' .. donor .. '/' .. step .. ' ' .. was .. '>' .. to .. ' ' .. decision ..
  ' ' .. int(r.g) .. '\n' .. reason)
return done({'ok', to, int(r.g), was})
