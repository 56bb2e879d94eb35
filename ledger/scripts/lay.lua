-- Writes the rows of a step for some blocks of an edition: new ones in the first step only. Rows that are there are kept; a planned one that was
-- never begun takes the new due time; a withheld one is planned again (this edition mends it); a planned or withheld
-- one of a donor that the edition no longer has is cancelled, and planned again when an edition has the donor back.
-- A block in which letters were sent is followed anew: the edition may have a step more.
-- KEYS 1 meta 2 audit 3 campaign 4 counts 5 look 6 due 7 cases 8 blocks 9 follow, then one rows key a block
-- ARGV 1 who 2 campaign 3 step 4 edition 5 '1' when these are the last blocks 6 '1' for the first step
--      then per block: name, 'group|region', due, number of donors, donors, each with a tab and its own due time where that is another
-- Returns {'ok', new, changed, cancelled} | {'stale'} the edition is neither approved nor the first one waiting
--       | {'cancelled'} the campaign is over
local now = now_ms()
local who, name, step, edition = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local c = redis.call('HMGET', KEYS[3], 'status', 'edition', 'pending')
if c[1] == 'cancelled' then return {'cancelled'} end
if not (c[2] == edition or (not c[2] and c[3] == edition)) then return {'stale'} end
local k = {campaign = KEYS[3], counts = KEYS[4], look = KEYS[5], due = KEYS[6], cases = KEYS[7], follow = KEYS[9]}
local new, changed, cancelled = 0, 0, 0
local body = {}
local dropped = 'not in the approved edition'
local first = ARGV[6] == '1'
local i, b = 7, 10
while ARGV[i] do
  local block, scopes, usual, n = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  k.rows = KEYS[b]
  redis.call('SADD', KEYS[8], block)
  local have, wanted, sent = {}, {}, false
  local all = redis.call('HGETALL', k.rows)
  if n > 0 and (first or #all > 0) then redis.call('HSET', k.rows, '.s', scopes) end
  for j = 1, #all, 2 do
    have[all[j]] = all[j + 1]
    sent = sent or row(all[j], all[j + 1], 'S')
  end
  if sent then redis.call('ZADD', KEYS[9], int(now), step .. '/' .. block) end
  for j = i + 4, i + 3 + n do
    local donor, own = string.match(ARGV[j], '^([^\t]*)\t?(%d*)$')
    local at = tonumber(own) or usual
    wanted[donor] = true
    local r = parse(have[donor])
    if not r and not first then
      wanted[donor] = true -- advance writes it, once the step before is sent
    elseif not r then
      r = {s = '', g = 1, a = 0, e = 0, t = at, d = 0, n = '', m = ''}
      local s = replan(k, step, block, donor, r, at, now)
      if s == 'X' then cancelled = cancelled + 1 else new = new + 1 end
      body[#body + 1] = step .. '/' .. donor .. (s == 'X' and ' cancelled: the case has an answer' or '')
    elseif r.s == 'W' or (r.s == 'X' and r.a == 0 and have[donor .. '~'] == dropped) then
      replan(k, step, block, donor, r, at, now, '')
      changed = changed + 1
      body[#body + 1] = step .. '/' .. donor .. ' again'
    elseif first and r.s == 'P' and r.a == 0 and r.t ~= at then
      local s = replan(k, step, block, donor, r, at, now)
      changed = changed + 1
      body[#body + 1] = step .. '/' .. donor .. (s == 'X' and ' cancelled: the case has an answer' or ' due ' .. int(at))
    end
  end
  for donor, v in pairs(have) do
    local r = not wanted[donor] and parse(v)
    if r and (r.s == 'P' or r.s == 'W') then
      r.t = now
      write(k.rows, k.counts, k.look, step, donor, r, 'X', dropped)
      cancelled = cancelled + 1
      body[#body + 1] = step .. '/' .. donor .. ' cancelled'
    end
  end
  i, b = i + 4 + n, b + 1
end
if #body > 0 then audit(KEYS[1], KEYS[2], now, who, 'lay', name .. '\n' .. table.concat(body, '\n')) end
if ARGV[5] == '1' then redis.call('HSET', KEYS[3], 'laid', edition) end
return done({'ok', int(new), int(changed), int(cancelled)})
