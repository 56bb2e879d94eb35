-- Notes evidence that letters were taken by a relay, and settles what it settles: a letter in doubt, planned or claimed is
-- sent. A sending one stays, and is sent instead of in doubt if its answer never comes. Others keep their state.
-- KEYS 1 meta 2 audit 3 busy, then the keys that the letters name by their place
-- ARGV 1 who found it, then per letter 15 values: places of campaign, rows, counts, look, follow, odd;
--      campaign, step, block, donor, identity of the copy ('' for evidence that is no copy), the letter's date (s, 0 unknown),
--      '1' when content and addressee are the letter's, when it was taken (ms, 0 unknown), words (64 bytes at most)
-- Returns per letter two values: 'sent' settled by this | 'noted' | 'again' known | 'twice' one copy more than were sent
--       | 'odd' a copy of a letter that is refused, withheld or cancelled | 'date' of the letter to the address before
--       | 'weak' the letter never passed the commit point, and a Message-ID alone proves nothing;
--       and the state before ('-' no letter yet)
local now = now_ms()
local out, body = {}, {}
for i = 2, #ARGV, 15 do
  local rows, counts, look = KEYS[tonumber(ARGV[i + 1])], KEYS[tonumber(ARGV[i + 2])], KEYS[tonumber(ARGV[i + 3])]
  local follow, odd = KEYS[tonumber(ARGV[i + 4])], KEYS[tonumber(ARGV[i + 5])]
  local name, step, block, donor, id = ARGV[i + 6], ARGV[i + 7], ARGV[i + 8], ARGV[i + 9], ARGV[i + 10]
  local date, exact, taken, words = tonumber(ARGV[i + 11]), ARGV[i + 12] == '1', tonumber(ARGV[i + 13]), ARGV[i + 14]
  local r = parse(redis.call('HGET', rows, donor))
  local s = r and r.s or '-'
  local c = proof(rows, donor) or {n = 0, g = 1, k = 0, p = 0, d = 0, t = 0, ids = ''}
  local answer
  -- Whoever knows the donor can write its Message-ID. A letter that never left is settled by its own content only.
  if not exact and (not r or r.a == 0 or (r.g == 1 and (s == 'P' or s == 'C'))) then answer = 'weak'
  elseif r and r.a > 0 and date ~= 0 and r.d ~= date and not (exact and c.g == 1) then answer = 'date' end
  if not answer then
    answer = 'noted'
    local known = c.n
    if known == 0 and c.p == 0 then c.d, c.t = date, now end
    if id == '' then
      if c.p == 1 then answer = 'again' end
      c.p = 1
    elseif string.find(',' .. c.ids .. ',', ',' .. id .. ',', 1, true) then answer = 'again'
    elseif c.n < 8 then
      c.n, c.ids = c.n + 1, c.ids .. (c.ids ~= '' and ',' or '') .. id
    elseif c.n == 8 then c.n = 9
    else answer = 'again' end
    if known == 0 and c.n == 1 then count(counts, step .. '/copies', 1) end
    local line
    local settles = s == 'P' or s == 'C' or s == 'D'
    -- A generation that evidence overtook before it left has no copy of its own.
    if s ~= 'D' and settles and r.g > c.g then c.k = 1 end
    if c.n > known then
      if c.n > math.max(1, (r and r.g or 1) - c.g + 1 - c.k) then answer = 'twice'
      elseif s == 'R' or s == 'W' or s == 'X' then answer = 'odd' end
      if answer ~= 'noted' then
        redis.call('ZADD', odd, 'NX', int(now), step .. '/' .. donor)
        line = s
      end
    end
    if settles then
      if s == 'C' then freed(rows, KEYS[3], name .. '/' .. step .. '/' .. block, 1) end
      r.t = (taken > 0 and taken < now) and taken or now
      if r.a == 0 and c.d ~= 0 then r.d = c.d end
      write(rows, counts, look, step, donor, r, 'S', words)
      redis.call('ZADD', follow, int(now), step .. '/' .. block)
      line = s .. '>S'
      if answer ~= 'twice' then answer = 'sent' end
    end
    if settles or answer ~= 'again' then prove(rows, donor, c) end
    if line then
      body[#body + 1] = name .. '/' .. donor .. '/' .. step .. ' ' .. line .. ' ' .. answer .. ' ' .. id .. ' ' .. words
    end
  end
  out[#out + 1] = answer
  out[#out + 1] = s
end
if #body > 0 then audit(KEYS[1], KEYS[2], now, ARGV[1], 'evidence', table.concat(body, '\n')) end
return done(out)
