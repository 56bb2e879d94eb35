-- Writes down what became of letters that a worker holds, several at once.
-- KEYS 1 meta 2 audit 3 busy, then the keys that the letters name by their place
-- ARGV per letter 18 values: places of campaign, rows, counts, look, due, cases, follow (negative: no step followed in the
--      edition that the letter was sent by, which a newer one may have changed);
--      campaign, step, block, donor, nonce, outcome (S sent, P planned again, R refused, D in doubt,
--      N planned again by no fault of the relay: the dot was never written and no attempt is counted),
--      ms until due again (P), copies deferred once as a bit mask, words of the relay (64 bytes at most), place of the
--      relay (0: none), what its answer to the dot says of it: '+' a definite one, '-' in doubt by its doing, '' neither
-- Two doubts in a row by a relay's doing hold it.
-- Returns per letter: the state written ('S' 'P' 'X' 'R' 'D') | 'again' it stands so already | 'nonce' not this worker's
--       | 'state' the letter is where this outcome cannot come from
local now = now_ms()
local out, body = {}, {}
local ways = {} -- of each relay: how many doubts in a row, as stored and now, and the letters in doubt
local free, sent = {}, {} -- of each block: how many letters are out of hand; whether it is noted for the next step
local lasts = {}
local function final(campaign, step)
  if not lasts[campaign] then lasts[campaign] = string.match(redis.call('HGET', campaign, 'steps') or '', '%S+$') end
  return lasts[campaign] == step
end
for i = 1, #ARGV, 18 do
  local k = {campaign = KEYS[tonumber(ARGV[i])], rows = KEYS[tonumber(ARGV[i + 1])], counts = KEYS[tonumber(ARGV[i + 2])],
    look = KEYS[tonumber(ARGV[i + 3])], due = KEYS[tonumber(ARGV[i + 4])], cases = KEYS[tonumber(ARGV[i + 5])]}
  local follow = KEYS[math.abs(tonumber(ARGV[i + 6]))]
  if tonumber(ARGV[i + 6]) < 0 and final(k.campaign, ARGV[i + 8]) then follow = nil end
  k.follow = follow
  local name, step, block, donor, nonce, to = ARGV[i + 7], ARGV[i + 8], ARGV[i + 9], ARGV[i + 10], ARGV[i + 11], ARGV[i + 12]
  local words = ARGV[i + 15]
  local counted = to ~= 'N'
  if not counted then to = 'P' end
  local r = parse(redis.call('HGET', k.rows, donor))
  local answer
  if not r or r.n ~= nonce then answer = 'nonce'
  elseif r.s == to or (to == 'P' and r.s == 'X') then answer = 'again'
  elseif r.s == 'S' and (to == 'D' or to == 'P') and proven(k.rows, donor, r) then answer = 'again'
  elseif r.s == 'C' then
    -- Nothing was committed: it can have been neither sent nor in doubt.
    if to == 'S' or to == 'D' then answer = 'state' end
  elseif r.s == 'D' then
    -- The nonce holder's late answer settles a doubt.
  elseif r.s ~= 'G' then answer = 'state' end
  if not answer then
    local was = r.s
    -- The registry copy may have been read before the answer was given up.
    if to == 'D' and proven(k.rows, donor, r) then to, words = 'S', copied end
    if to == 'P' then
      -- An attempt that the relay cut short before the commit point is one too; begin counted the others.
      if was == 'C' then
        if counted then r.a = r.a + 1 end
      elseif not counted then r.a = math.max(0, r.a - 1) end
      r.m = string.match(r.m, '^f?') .. ARGV[i + 14]
      answer = replan(k, step, block, donor, r, now + tonumber(ARGV[i + 13]), now, words)
    else
      r.t = now
      write(k.rows, k.counts, k.look, step, donor, r, to, words)
      answer = to
      if to == 'S' and follow and not sent[k.rows] then
        redis.call('ZADD', follow, int(now), step .. '/' .. block)
        sent[k.rows] = true
      end
    end
    if was ~= 'D' then
      local f = free[k.rows] or {member = name .. '/' .. step .. '/' .. block, n = 0}
      f.n = f.n + 1
      free[k.rows] = f
    end
    local relay, said = KEYS[tonumber(ARGV[i + 16])], ARGV[i + 17]
    if relay and (said == '+' or said == '-' and answer == 'D') then
      local way = ways[relay]
      if not way then
        local n = tonumber(redis.call('HGET', relay, 'doubts') or '0')
        way = {was = n, n = n}
        ways[relay] = way
      end
      if said == '+' then way.n = 0
      else
        way.n = way.n + 1
        if way.n >= 2 then way.letter = name .. '/' .. donor .. '/' .. step end
      end
    end
    body[#body + 1] = name .. '/' .. donor .. '/' .. step .. ' ' .. was .. '>' .. answer .. ' ' .. words
  end
  out[#out + 1] = answer
end
for rows, f in pairs(free) do freed(rows, KEYS[3], f.member, f.n) end
if #body > 0 then audit(KEYS[1], KEYS[2], now, 'worker', 'settle', table.concat(body, '\n')) end
for relay, way in pairs(ways) do
  if way.n ~= way.was then redis.call('HSET', relay, 'doubts', int(way.n)) end
  if way.letter and redis.call('HEXISTS', relay, 'held') == 0 then
    local why = 'it left two letters in a row in doubt, the last ' .. way.letter
    redis.call('HSET', relay, 'held', why, 'since', int(now))
    audit(KEYS[1], KEYS[2], now, 'worker', 'hold', 'relay:' .. relayname(relay) .. '\n' .. why)
  end
end
return done(out)
