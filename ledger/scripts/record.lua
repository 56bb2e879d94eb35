-- Records an entry in a donor's case, and does to the donor's letters what the case then says: a stopped case cancels those
-- that are not past the commit point, a paused or moved one keeps them planned. A letter that came back is bounced, and a
-- task for a person is opened or ended, in the same step.
-- KEYS 1 meta 2 audit 3 campaign 4 cases 5 counts 6 look 7 due 8 follow 9 tasks, then the rows keys of the donor's block, one a step
-- ARGV 1 who 2 campaign 3 donor 4 block 5 the part of the entry that makes it the same entry when it is recorded again
--      6 the entry in full, one line of JSON 7 what kinds of entry do: 'KIND EFFECT ...', an effect being S stops, P pauses,
--      M moves to the entry's opens, N notes, O opens again 8 number of the entry that this one replaces (0: none)
--      9 ms from when letters are due again that a stop had cancelled, where the case is stopped no more ('' they stay cancelled)
--      10 step of the letter that came back ('' none) 11 its generation (0: whichever it is) 12 task to open ('' none) 13 why
--      14... the steps
-- Returns {'ok', cancelled, steps past the commit point, joined by spaces, planned again, state of the case, until (ms),
--          '1' where the letter is bounced now} | {'again', the last as before} the case holds this entry
--       | {'none'} there is no such entry to replace | {'gone'} it was replaced or the case reopened since
local now = now_ms()
local who, name, donor, block = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local k = {campaign = KEYS[3], cases = KEYS[4], counts = KEYS[5], look = KEYS[6], due = KEYS[7], follow = KEYS[8]}
local was = redis.call('HGET', k.cases, donor) or 'O'
local does = {}
for kind, effect in string.gmatch(ARGV[7], '(%S+) (%a)') do does[kind] = effect end
local lines = {}
for line in string.gmatch(was, '[^\n]+') do
  if string.sub(line, 1, 1) == '{' then lines[#lines + 1] = line end
end

-- fold is the case that its entries make: its state, until when it is moved, and which kinds have a say in it. An entry
-- that was replaced has none, and what an unknown program wrote stops.
local function fold()
  local replaced, s, til, kinds = {}, 'O', 0, {}
  for _, line in ipairs(lines) do
    local n = string.match(line, ',"instead":(%d+)')
    if n then replaced[tonumber(n)] = true end
  end
  for i, line in ipairs(lines) do
    local kind = string.match(line, '^{"kind":"([^"]*)"') or ''
    local effect, opens = does[kind] or 'S', tonumber(string.match(line, ',"opens":(%d+)') or '0')
    if replaced[i] then effect = 'N' else kinds[kind] = true end
    if effect == 'O' then
      s, til, kinds = 'O', 0, {}
      for n = 1, i do replaced[n] = true end
    elseif effect == 'S' then s, til = 'S', 0
    elseif effect == 'P' and s ~= 'S' then s = 'P'
    elseif effect == 'M' and opens > 0 and s ~= 'S' then
      til = opens
      if s == 'O' then s = 'M' end
    end
  end
  if s == 'P' then til = 0 end
  return s, til, kinds, replaced
end

-- bounce makes a sent letter one that came back.
local bounced = '0'
local body = {}
local function bounce(first)
  for i = 14, #ARGV do
    if ARGV[i] == ARGV[10] then
      local rows, g = KEYS[i - 4], tonumber(ARGV[11])
      local r = parse(redis.call('HGET', rows, donor))
      if r and r.s == 'S' and (r.g == g or g == 0 and first) then
        r.t = now
        write(rows, k.counts, k.look, ARGV[i], donor, r, 'B')
        body[#body + 1] = name .. '/' .. donor .. '/' .. ARGV[i] .. ' S>B'
      end
      if r and r.s == 'B' then bounced = '1' end
    end
  end
end

for _, line in ipairs(lines) do
  if string.find(line, ARGV[5], 1, true) then
    -- The letter's own answer may have been settled after its report was read first.
    bounce(false)
    if #body > 0 then audit(KEYS[1], KEYS[2], now, who, 'record', table.concat(body, '\n')) end
    return done({'again', bounced})
  end
end
local _, _, _, replaced = fold()
local instead = tonumber(ARGV[8])
if instead > 0 then
  if not lines[instead] then return {'none'} end
  if replaced[instead] then return {'gone'} end
end
lines[#lines + 1] = ARGV[6]
local s, til, kinds = fold()
redis.call('HSET', k.cases, donor, s .. (til > 0 and '|' .. int(til) or '') .. '\n' .. table.concat(lines, '\n'))

local cancelled, planned, past = 0, 0, {}
for i = 14, #ARGV do
  local step = ARGV[i]
  k.rows = KEYS[i - 4]
  local v = redis.call('HMGET', k.rows, donor, donor .. '~')
  local r = parse(v[1])
  if r and r.s == 'G' and s ~= 'O' then past[#past + 1] = step end
  if r and r.s == 'P' and s == 'S' then
    r.t = now
    write(k.rows, k.counts, k.look, step, donor, r, 'X', answered)
    cancelled = cancelled + 1
    body[#body + 1] = name .. '/' .. donor .. '/' .. step .. ' P>X'
  elseif r and r.s == 'P' and s ~= 'P' then
    -- It may have had no place in the index while its case was paused.
    sooner(k.due, step .. '/' .. block, math.max(r.t, til))
  elseif r and r.s == 'X' and r.a == 0 and v[2] == answered and s ~= 'S' and ARGV[9] ~= '' then
    r.m = '' -- a person releases it anew
    local to = replan(k, step, block, donor, r, math.max(now, tonumber(ARGV[9])), now, '')
    if to == 'P' then planned = planned + 1 end
    body[#body + 1] = name .. '/' .. donor .. '/' .. step .. ' X>' .. to
  end
end
bounce(true)

local of = name .. '/' .. donor .. '/'
local function ended(task, why)
  if closetask(KEYS[9], of .. task, now, who, why) then body[#body + 1] = 'task ' .. of .. task .. ' closed: ' .. why end
end
if s == 'S' or kinds.capital then ended('call', 'the case has an answer') end
if s == 'S' or not kinds.unclear then ended('unclear', 'it was decided') end
if not kinds.bounce then ended('address', 'the letter goes to another address') end
-- Who asked for time after the last reminder hears no more of us unless a person asks again.
local latest = #ARGV >= 14 and parse(redis.call('HGET', KEYS[#ARGV - 4], donor))
if s == 'M' and kinds.capital and latest and latest.s == 'S' and
  opentask(KEYS[9], of .. 'call', now, who, til, 'with capital until then, and no reminder is left: telephone') then
  body[#body + 1] = 'task ' .. of .. 'call opened'
end
if ARGV[12] ~= '' and opentask(KEYS[9], of .. ARGV[12], now, who, now, ARGV[13]) then
  body[#body + 1] = 'task ' .. of .. ARGV[12] .. ' opened'
end
audit(KEYS[1], KEYS[2], now, who, 'record', name .. '/' .. donor .. ' ' .. ARGV[6] ..
  (#body > 0 and ('\n' .. table.concat(body, '\n')) or ''))
return done({'ok', int(cancelled), table.concat(past, ' '), int(planned), s, int(til), bounced})
