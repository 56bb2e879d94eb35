-- Plans the next step for donors of one block whose letter of this step was sent, and gives a planned one that was never begun the due time
-- of the edition's calendar, where that is yet to come.
-- KEYS 1 meta 2 audit 3 campaign 4 counts 5 look 6 due 7 cases 8 follow 9 rows of this step 10 rows of the next step
-- ARGV 1 campaign 2 step 3 next step (the same where none follows) 4 block, then per donor: id, due (ms), or a minus
--      and the hash of the edition in which the donor has no letter of the next step
-- Returns {planned, cancelled} | {'stale'} the campaign is over
local now = now_ms()
local name, step, nextstep, block = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local c = redis.call('HMGET', KEYS[3], 'status', 'edition')
local edition = c[2]
if c[1] == 'cancelled' then
  redis.call('ZREM', KEYS[8], step .. '/' .. block)
  return {'stale'}
end
local k = {campaign = KEYS[3], counts = KEYS[4], look = KEYS[5], due = KEYS[6], cases = KEYS[7], follow = KEYS[8],
  rows = KEYS[10]}
local planned, cancelled = 0, 0
local body, without = {}, {}
for i = 5, #ARGV, 2 do
  local donor, at = ARGV[i], tonumber(ARGV[i + 1])
  local none = string.match(ARGV[i + 1], '^%-(.+)$')
  local r = parse(redis.call('HGET', KEYS[9], donor))
  if none then without[donor] = none == edition -- another edition may have that letter: the block is looked at again
  elseif r and r.s == 'S' and redis.call('HEXISTS', k.rows, donor) == 0 then
    local new = {s = '', g = 1, a = 0, e = 0, t = at, d = 0, n = '', m = ''}
    local scopes = redis.call('HGET', KEYS[9], '.s')
    if scopes then redis.call('HSET', k.rows, '.s', scopes) end
    local s = replan(k, nextstep, block, donor, new, at, now)
    if s == 'P' then planned = planned + 1 elseif s == 'X' then cancelled = cancelled + 1 end
    body[#body + 1] = name .. '/' .. donor .. '/' .. nextstep .. ' >' .. s .. ' ' .. int(at)
  elseif r and r.s == 'S' and nextstep ~= step and at > now then
    -- An edition with another calendar: what was never begun leaves at its new time.
    local was = parse(redis.call('HGET', k.rows, donor))
    if was and was.s == 'P' and was.a == 0 and was.t ~= at then
      local s = replan(k, nextstep, block, donor, was, at, now)
      if s == 'P' then planned = planned + 1 elseif s == 'X' then cancelled = cancelled + 1 end
      body[#body + 1] = name .. '/' .. donor .. '/' .. nextstep .. ' P>' .. s .. ' ' .. int(at)
    end
  end
end
-- Times cannot tell whether more was sent meanwhile: two settles may share a millisecond. The rows can.
local open = false
if nextstep ~= step then
  local have = redis.call('HGETALL', KEYS[9])
  for f = 1, #have, 2 do
    if row(have[f], have[f + 1], 'S') and not without[have[f]] and redis.call('HEXISTS', k.rows, have[f]) == 0 then open = true end
  end
end
if not open then redis.call('ZREM', KEYS[8], step .. '/' .. block) end
if #body > 0 then audit(KEYS[1], KEYS[2], now, 'scheduler', 'advance', table.concat(body, '\n')) end
return done({int(planned), int(cancelled)})
