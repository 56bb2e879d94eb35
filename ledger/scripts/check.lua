-- Compares some blocks of a step with the places in which they must stand, and counts their letters; all in one moment.
-- With mend, what is missing is put in its place: that changes no letter.
-- KEYS 1 campaign 2 counts 3 look 4 due 5 busy 6 follow 7 holds 8 reindex 9 cases, then per block: its rows, its rows of the next step
-- ARGV 1 campaign 2 step 3 '1' where a next step follows 4 '1' to mend, then the blocks' names
-- Returns {now, the step's counters in the order of states, then per block: SHA-1 of all it holds, letters in that order
--          as the rows say, faults, one a line: due N | busy N | hand N M | follow N | look DONOR | row FIELD}
--   due N: of N planned letters that nothing keeps, and the block has no place among what is due
--   busy N: of N letters in hand, and the sweep does not look at the block    hand N M: N in hand, the block says M
--   follow N: N sent letters without a next step, and nothing plans it    look DONOR: shown to nobody    row FIELD: unreadable
local now = now_ms()
local name, step, further, mend = ARGV[1], ARGV[2], ARGV[3] == '1', ARGV[4] == '1'
local order = 'PCGSDRBWX'
local c = redis.call('HMGET', KEYS[1], 'status', 'until:' .. step)
local over, approval = c[1] == 'cancelled', c[2]
-- A freed hold and an approval give blocks their place a moment later; the scheduler has them on this list until then.
local later = redis.call('HEXISTS', KEYS[8], name) == 1
local holds, anyheld = {}, false
for _, scope in ipairs(redis.call('HKEYS', KEYS[7])) do holds[scope], anyheld = true, true end
-- Also one whose end has come: until it is freed its letters may be without a place.
local function kept(donor, scopes)
  if not anyheld then return false end
  local group, region = string.match(scopes, '^(.*)|(.*)$')
  return holds['all'] or holds['donor:' .. donor] or holds['group:' .. (group or '')] or holds['region:' .. (region or '')]
end
local out = {int(now)}
for i = 1, #order do out[#out + 1] = int(redis.call('HGET', KEYS[2], step .. '/' .. string.sub(order, i, i)) or '0') end
for b = 5, #ARGV do
  local rows, after = KEYS[2 * b], KEYS[2 * b + 1]
  local block, all = ARGV[b], redis.call('HGETALL', rows)
  local member = step .. '/' .. block
  local scopes, hand, says = '|', 0, 0
  local n, faults, free, sent, first, fields = {}, {}, 0, {}, nil, {}
  for f = 1, #all, 2 do
    local field, value = all[f], all[f + 1]
    -- In an order of their own: the store gives none.
    fields[#fields + 1] = field .. '\n' .. value
    if field == '.s' then scopes = value elseif field == '.b' then says = tonumber(value) end
  end
  for f = 1, #all, 2 do
    local donor = all[f]
    local r = row(donor, all[f + 1], order)
    if not r and string.sub(donor, 1, 1) ~= '.' and string.sub(donor, -1) ~= '~' then faults[#faults + 1] = 'row ' .. donor end
    if r then
      n[r.s] = (n[r.s] or 0) + 1
      if r.s == 'P' and not over and not waits(approval, r) and not kept(donor, scopes) and standing(KEYS[9], donor, now) ~= 'paused' then
        free = free + 1
        if not first or r.t < first then first = r.t end
      elseif r.s == 'C' or r.s == 'G' then hand = hand + 1
      elseif r.s == 'S' then sent[#sent + 1] = donor
      elseif looked[r.s] and not redis.call('ZSCORE', KEYS[3], step .. '/' .. donor) then
        faults[#faults + 1] = 'look ' .. donor
        if mend then redis.call('ZADD', KEYS[3], int(r.s == 'D' and r.t - ahead or r.t), step .. '/' .. donor) end
      end
    end
  end
  if free > 0 and not later and not redis.call('ZSCORE', KEYS[4], member) then
    faults[#faults + 1] = 'due ' .. int(free)
    if mend then redis.call('ZADD', KEYS[4], int(first), member) end
  end
  local path = name .. '/' .. member
  if hand > 0 and not redis.call('ZSCORE', KEYS[5], path) then
    faults[#faults + 1] = 'busy ' .. int(hand)
    if mend then redis.call('ZADD', KEYS[5], int(now), path) end
  end
  if hand ~= says then
    faults[#faults + 1] = 'hand ' .. int(hand) .. ' ' .. int(says)
    if mend and hand > 0 then redis.call('HSET', rows, '.b', int(hand)) elseif mend then redis.call('HDEL', rows, '.b') end
  end
  if further and not over and #sent > 0 and not redis.call('ZSCORE', KEYS[6], member) then
    local have, missing = {}, 0
    for _, donor in ipairs(redis.call('HKEYS', after)) do have[donor] = true end
    for _, donor in ipairs(sent) do
      if not have[donor] then missing = missing + 1 end
    end
    if missing > 0 then
      faults[#faults + 1] = 'follow ' .. int(missing)
      if mend then redis.call('ZADD', KEYS[6], int(now), member) end
    end
  end
  table.sort(fields)
  out[#out + 1] = redis.sha1hex(table.concat(fields, '\n'))
  for i = 1, #order do out[#out + 1] = int(n[string.sub(order, i, i)] or 0) end
  out[#out + 1] = table.concat(faults, '\n')
end
return done(out)
