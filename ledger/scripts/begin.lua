-- The commit point, for several letters at once. Everything is tested again; a letter that passes is sending.
-- KEYS 1 meta 2 audit 3 busy 4 holds 5 suppressed 6 workers 7 withdrawn, then the keys that the letters name by their place
-- ARGV 1 ms after which a letter without an answer is looked at, then per letter 17 values:
--      places of campaign, rows, counts, look, cases, rows of the step before (0: none);
--      campaign/step/block, step, donor, nonce, edition, content hash, byte hash, address hashes joined by commas,
--      token of the withdrawn facts that the letter was looked at against, place of the asks (0: it asks for nothing), the
--      last ask to its donor that was looked at ('*': no matter which)
-- Returns epoch, seq and chain of the ledger after this call, then
--       per letter: 'ok' granted | 'again' granted before to this nonce, and written again
--       | 'nonce' not claimed by it | 'lease' | 'edition' another edition is approved | 'status' the campaign is not running
--       | 'stopped' | 'paused' | 'moved' by the donor's case | 'held' | 'suppressed:N' address N, from 0 | 'earlier' the step before has not been sent
--       | 'withdrawn' facts were withdrawn since the letter was looked at
--       | 'asked' another campaign has asked the donor since the letter was looked at | 'frozen' nothing leaves of this ledger
local now = now_ms()
local frozen = icy(KEYS[1])
local out, body = {}, {}
-- What holds for every letter of this call is asked once.
local seen, living, busy = {}, {}, {}
local anyheld, anysuppressed = redis.call('HLEN', KEYS[4]) > 0, redis.call('HLEN', KEYS[5]) > 0
local secret = anysuppressed and redis.call('HGET', KEYS[1], 'salt')
local withdrawn = redis.call('HGET', KEYS[7], '.token') or ''
local function about(campaign, cases)
  local c = seen[campaign]
  if not c then
    c = redis.call('HMGET', campaign, 'status', 'edition')
    c.cases = redis.call('EXISTS', cases) == 1
    seen[campaign] = c
  end
  return c
end
local function lives(nonce)
  local worker = string.sub(nonce, 1, 6)
  if living[worker] == nil then living[worker] = alive(KEYS[6], nonce, now) or false end
  return living[worker]
end
for i = 2, #ARGV, 17 do
  local campaign, rows, counts, look = KEYS[tonumber(ARGV[i])], KEYS[tonumber(ARGV[i + 1])], KEYS[tonumber(ARGV[i + 2])],
    KEYS[tonumber(ARGV[i + 3])]
  local cases, before = KEYS[tonumber(ARGV[i + 4])], KEYS[tonumber(ARGV[i + 5])]
  local path, step, donor, nonce, edition = ARGV[i + 6], ARGV[i + 7], ARGV[i + 8], ARGV[i + 9], ARGV[i + 10]
  local asks, name = KEYS[tonumber(ARGV[i + 15])], string.match(path, '^[^/]+')
  local r = parse(redis.call('HGET', rows, donor))
  local answer
  if frozen then answer = 'frozen'
  elseif not r or r.n ~= nonce then answer = 'nonce'
  elseif r.s == 'G' then answer = 'again'
  elseif r.s ~= 'C' then answer = 'nonce'
  elseif not lives(nonce) then answer = 'lease' end
  if not answer then
    local c = about(campaign, cases)
    local prior = before and parse(redis.call('HGET', before, donor))
    if c[1] ~= 'running' then answer = 'status'
    elseif c[2] ~= edition then answer = 'edition'
    elseif ARGV[i + 14] ~= withdrawn then answer = 'withdrawn'
    elseif c.cases and standing(cases, donor, now) then answer = standing(cases, donor, now)
    elseif anyheld and held(KEYS[4], now, donor, redis.call('HGET', rows, '.s')) then answer = 'held'
    elseif before and not (prior and prior.s == 'S') then answer = 'earlier'
    elseif asks and ARGV[i + 16] ~= '*' then
      local last = redis.call('HGET', asks, donor)
      if last and last ~= ARGV[i + 16] and string.match(last, '|(.*)$') ~= name then answer = 'asked' end
    end
  end
  if not answer and anysuppressed then
    local n = 0
    for address in string.gmatch(ARGV[i + 13], '[^,]+') do
      if not answer and listed(KEYS[5], secret, address) then answer = 'suppressed:' .. int(n) end
      n = n + 1
    end
  end
  if not answer then
    r.a, r.t = r.a + 1, now
    write(rows, counts, look, step, donor, r, 'G')
    if asks then redis.call('HSET', asks, donor, int(math.floor(now / 1000)) .. '|' .. name) end
    if not busy[path] then
      sooner(KEYS[3], path, now + tonumber(ARGV[1]))
      busy[path] = true
    end
    answer = 'ok'
    body[#body + 1] = path .. '/' .. donor .. ' ' .. int(r.g) .. ' ' .. nonce .. ' ' .. ARGV[i + 11] .. ' ' .. ARGV[i + 12]
  elseif answer == 'again' then
    redis.call('HSET', rows, donor, pack(r))
  end
  out[#out + 1] = answer
end
if #body > 0 then audit(KEYS[1], KEYS[2], now, 'worker', 'begin', table.concat(body, '\n')) end
local stands = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'chain')
for i = 1, 3 do table.insert(out, i, stands[i] or '') end
return done(out)
