-- Gives due letters of one block to a worker, as many as it asks for and the relay's pace allows. Letters that this very
-- nonce holds already are given again first: a repeated call after a lost reply finds what the first one was granted.
-- KEYS 1 campaign 2 rows 3 counts 4 look 5 due 6 busy 7 holds 8 cases 9 workers 10 relay 11 suppressed 12 meta 13 audit
--      14 withdrawn 15 campaigns 16 when reply mailboxes were last read
-- ARGV 1 campaign 2 step 3 block 4 nonce 5 how many 6 ms between two letters of this relay (0: no pace)
--      7 ms ahead within which slots are handed out 8 ms after which the block is woken again if letters remain
-- Returns {'ok', now, more ('1' ask again), next due (ms, 0 none), edition, version of the suppression list, token of the withdrawn facts,
--          '1' where there are other campaigns, per letter: donor, generation, attempts, date (s), not before (ms), copies deferred once}
--       | {'no', why} nothing may leave now | {'no', why, 'relay'} nothing through this relay: it is held
local now = now_ms()
local step, block, nonce = ARGV[2], ARGV[3], ARGV[4]
local member = step .. '/' .. block
local k = {campaign = KEYS[1], rows = KEYS[2], counts = KEYS[3], look = KEYS[4], due = KEYS[5], cases = KEYS[8]}
local all
-- no is the answer that nothing may leave. Letters that this nonce holds, because its first answer was lost, are given back:
-- nobody else would look after them while its worker lives.
local function no(why, what)
  local back = 0
  all = redis.call('HGETALL', k.rows)
  for i = 1, #all, 2 do
    local r = row(all[i], all[i + 1], 'C')
    if r and r.n == nonce then
      replan(k, step, block, all[i], r, now, now)
      back = back + 1
    end
  end
  if back > 0 then freed(k.rows, KEYS[6], ARGV[1] .. '/' .. member, back) end
  return done({'no', why, what})
end
local frozen = icy(KEYS[12])
if frozen then return no(frozen) end
local way = redis.call('HMGET', KEYS[10], 'next', 'held')
local c = redis.call('HMGET', KEYS[1], 'status', 'edition', 'number', 'until:' .. step, 'laid', 'open', 'steps', 'canary')
if c[1] ~= 'running' then return no('campaign is ' .. (c[1] or 'unknown')) end
if c[2] ~= c[5] then return no('the rows of the new edition are being laid') end
if c[6] and tonumber(c[6]) < now then return no('the send window is closed, or no scheduler runs') end
if not alive(KEYS[9], nonce, now) then return no('the lease has ended') end
if way[2] then return no('relay ' .. relayname(KEYS[10]) .. ' is held: ' .. way[2], 'relay') end
if c[4] and c[4] ~= 'each' and tonumber(c[4]) < now then
  -- A new approval may come: look again in an hour.
  redis.call('ZADD', KEYS[5], int(now + 3600000), member)
  return no('the standing approval of ' .. step .. ' has ended')
end
-- A donor may have answered into a mailbox that nobody reads: only first letters go on.
if step ~= string.match(c[7] or '', '^%S+') then
  local deaf = redis.call('ZRANGE', KEYS[16], 0, 0, 'WITHSCORES')
  if deaf[1] and tonumber(deaf[2]) < now - 3600000 then
    redis.call('ZADD', KEYS[5], int(now + 60000), member)
    return no('nobody has read the reply mailbox ' .. deaf[1] .. ' for an hour')
  end
end
local after = canary(c[8], c[7], step, block)
all = redis.call('HGETALL', k.rows)
local scopes = redis.call('HGET', k.rows, '.s') or ''
local anyheld, anycase = redis.call('HLEN', KEYS[7]) > 0, redis.call('EXISTS', KEYS[8]) == 1
local want, pace, ahead = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local slot = now
if pace > 0 then slot = math.max(now, tonumber(way[1] or '0')) end
local granted, more, nextdue, new = {}, false, 0, 0
local stoppedNow = {}
for i = 1, #all, 2 do
  local r = row(all[i], all[i + 1], 'C')
  if r and r.n == nonce then
    if r.e ~= tonumber(c[3]) then
      -- Another edition was approved since the first answer was lost: the letter is made from this one.
      r.e, r.m = tonumber(c[3]), string.match(r.m, '^f?')
      redis.call('HSET', k.rows, all[i], pack(r))
    end
    for _, v in ipairs({all[i], int(r.g), int(r.a), int(r.d), int(now), (string.gsub(r.m, '^f', ''))}) do granted[#granted + 1] = v end
  end
end
for i = 1, #all, 2 do
  if more then break end -- the block is asked for again: what else is in it need not be known now
  local r = row(all[i], all[i + 1], 'P')
  local donor = all[i]
  if r and not waits(c[4], r) and not (anyheld and held(KEYS[7], now, donor, scopes)) and not (after and after(donor)) then
    local stand, til
    if anycase then stand, til = standing(k.cases, donor, now) end
    local at = math.max(r.t, til or 0)
    if stand == 'stopped' then
      replan(k, step, block, donor, r, r.t, now)
      stoppedNow[#stoppedNow + 1] = step .. '/' .. donor .. ' cancelled'
    elseif stand == 'paused' then -- it has no place until a person has decided
    elseif at > now then
      if nextdue == 0 or at < nextdue then nextdue = at end
    elseif #granted / 6 >= want or slot > now + ahead then
      more = true
    else
      if r.a == 0 then r.d = math.floor(now / 1000) end
      -- A mask of copies says nothing of another edition's contacts.
      if r.e ~= tonumber(c[3]) then r.m = string.match(r.m, '^f?') end
      r.e, r.n, r.t = tonumber(c[3]), nonce, now
      write(k.rows, k.counts, k.look, step, donor, r, 'C')
      for _, v in ipairs({donor, int(r.g), int(r.a), int(r.d), int(slot), (string.gsub(r.m, '^f', ''))}) do granted[#granted + 1] = v end
      slot, new = slot + pace, new + 1
    end
  end
end
if #stoppedNow > 0 then
  audit(KEYS[12], KEYS[13], now, 'worker', 'stop', ARGV[1] .. '\n' .. table.concat(stoppedNow, '\n'))
end
if new > 0 then
  redis.call('HINCRBY', k.rows, '.w', 1)
  redis.call('HINCRBY', k.rows, '.b', new)
  sooner(KEYS[6], ARGV[1] .. '/' .. member, now + 60000)
  if pace > 0 then redis.call('HSET', KEYS[10], 'next', int(slot)) end
end
local asks = '0'
if more and slot <= now + ahead then asks = '1' end
if more then
  nextdue = now + tonumber(ARGV[8])
  if asks == '0' then
    -- No slot is free. The blocks that wait for one are woken one after the other, not all when it comes.
    nextdue = math.max(now + pace, slot - ahead, tonumber(redis.call('HGET', KEYS[10], 'woken') or '0')) + pace
    redis.call('HSET', KEYS[10], 'woken', int(nextdue))
  end
end
if nextdue == 0 then redis.call('ZREM', k.due, member) else redis.call('ZADD', k.due, int(nextdue), member) end
local out = {'ok', int(now), asks, int(nextdue), c[2],
  int(redis.call('HGET', KEYS[12], 'closed') or redis.call('HLEN', KEYS[11])),
  redis.call('HGET', KEYS[14], '.token') or '', redis.call('SCARD', KEYS[15]) > 1 and '1' or '0'}
for _, v in ipairs(granted) do out[#out + 1] = v end
return done(out)
