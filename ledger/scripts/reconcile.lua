-- Weighs what intent files say of letters against what the ledger holds, and writes down what the ledger does not know.
-- An intent whose begin stands in the audit stream is no news: what the ledger made of it since then stands. One that does
-- not was lost with the entries after it. A letter whose registry copy was read is sent instead of in doubt.
-- KEYS 1 meta 2 audit 3 busy, then the keys that the letters name by their place
-- ARGV 1 who 2 'see' only says what would be done | 'do', then per letter 19 values: places of campaign, rows, counts, look,
--      due, cases, follow, blocks; campaign, step, block, donor, what the file says (S sent, R refused, P tried again later or
--      the dot never written, D nobody knows), generation, nonce, seq and chain of the ledger after its begin ('0' unknown),
--      since when (ms), words (64 bytes at most)
-- Returns per letter three values: the state before ('-' no row), its generation ('0'), and the state after
--       | '=' nothing to do | 'kept' cancelled, and stays so although it may have been handed over
local now = now_ms()
local act = ARGV[2] == 'do'
local out, body = {}, {}
for i = 3, #ARGV, 19 do
  local k = {campaign = KEYS[tonumber(ARGV[i])], rows = KEYS[tonumber(ARGV[i + 1])], counts = KEYS[tonumber(ARGV[i + 2])],
    look = KEYS[tonumber(ARGV[i + 3])], due = KEYS[tonumber(ARGV[i + 4])], cases = KEYS[tonumber(ARGV[i + 5])],
    follow = KEYS[tonumber(ARGV[i + 6])]}
  local blocks = KEYS[tonumber(ARGV[i + 7])]
  local name, step, block, donor = ARGV[i + 8], ARGV[i + 9], ARGV[i + 10], ARGV[i + 11]
  local says, g, nonce, at, words = ARGV[i + 12], tonumber(ARGV[i + 13]), ARGV[i + 14], tonumber(ARGV[i + 17]), ARGV[i + 18]
  local r = parse(redis.call('HGET', k.rows, donor))
  local function lost() return ARGV[i + 15] == '0' or chained(KEYS[2], ARGV[i + 15]) ~= ARGV[i + 16] end
  local was, wasg = r and r.s or '-', r and r.g or 0
  local own = r and r.n == nonce and r.g == g
  local open = was == 'P' or was == 'C' or was == 'W' or was == '-'
  local to = '='
  -- Of two attempts that nobody knows the end of, neither's outcome settles the doubt: it is under no nonce.
  local two = was == 'D' and says == 'D' and wasg == g and not own and r.n ~= '' and lost()
  if says == 'S' then
    -- Evidence: it counts for an earlier generation too, and whatever the ledger thought of the letter meanwhile.
    if was == 'X' then to = 'kept'
    elseif was ~= 'S' and was ~= 'B' then to = 'S' end
  elseif wasg > g then
    -- A person has decided since then.
  elseif two then to = 'D'
  elseif says == 'P' then
    if own and (was == 'G' or was == 'D') then to = 'P' end
  elseif own and (was == 'G' or (was == 'D' and says == 'R')) then
    to = says
  elseif was == 'X' then
    if says == 'D' and lost() then to = 'kept' end
  elseif (open or (was == 'G' and not own) or (was == 'R' and says == 'D' and not own) or (wasg < g and was ~= 'S')) and lost() then
    to = says
  end
  if two and act then
    r.n = ''
    redis.call('HSET', k.rows, donor, pack(r))
  elseif to == 'D' and proven(k.rows, donor, r or {a = 1}) then to, words = 'S', copied end
  if act and to ~= '=' and to ~= 'kept' and not two then
    if not r then
      r = {s = '', g = g, a = 1, e = 0, t = at, d = math.floor(at / 1000), n = nonce, m = ''}
      redis.call('SADD', blocks, block)
    end
    if was == 'C' or was == 'G' then freed(k.rows, KEYS[3], name .. '/' .. step .. '/' .. block, 1) end
    if to == 'P' then
      to = replan(k, step, block, donor, r, now, now, words)
    else
      if g >= r.g then r.g, r.n = g, nonce end
      r.a = math.max(r.a, 1)
      r.t = at
      if r.d == 0 then r.d = math.floor(at / 1000) end
      write(k.rows, k.counts, k.look, step, donor, r, to, words)
      if to == 'S' then redis.call('ZADD', k.follow, int(now), step .. '/' .. block) end
    end
  end
  if act and to == 'kept' and r.a == 0 then
    -- It may have left: an edition that has the donor back must not plan it again.
    r.a = 1
    redis.call('HSET', k.rows, donor, pack(r))
  end
  if act and to ~= '=' then
    body[#body + 1] = name .. '/' .. donor .. '/' .. step .. ' ' .. was .. '>' .. (to == 'kept' and was or to) .. ' ' .. int(g) ..
      ' ' .. nonce .. ' ' .. words
  end
  out[#out + 1] = was
  out[#out + 1] = int(wasg)
  out[#out + 1] = to
end
if #body > 0 then audit(KEYS[1], KEYS[2], now, ARGV[1], 'reconcile', table.concat(body, '\n')) end
return done(out)
