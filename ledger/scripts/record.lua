-- Records an answer in a donor's case and stops all its letters that are not past the commit point.
-- KEYS 1 meta 2 audit 3 cases 4 counts 5 look, then the rows keys of the donor's block, one a step
-- ARGV 1 who 2 campaign 3 donor 4 the entry, one line of JSON without its time and author 5 the entry in full
--      6... the steps
-- Returns {'ok', cancelled, steps past the commit point, joined by spaces} | {'again'} the case holds this entry
local now = now_ms()
local donor = ARGV[3]
local case = redis.call('HGET', KEYS[3], donor) or 'O'
for line in string.gmatch(case, '[^\n]+') do
  if string.sub(line, 1, 1) == '{' and string.find(line, ARGV[4], 1, true) then return {'again'} end
end
redis.call('HSET', KEYS[3], donor, 'S' .. string.sub(case, 2) .. '\n' .. ARGV[5])
local body, past = {}, {}
for i = 6, #ARGV do
  local rows = KEYS[i]
  local r = parse(redis.call('HGET', rows, donor))
  if r and r.s == 'P' then
    r.t = now
    write(rows, KEYS[4], KEYS[5], ARGV[i], donor, r, 'X', 'stopped: the case has an answer')
    body[#body + 1] = ARGV[2] .. '/' .. donor .. '/' .. ARGV[i] .. ' P>X'
  elseif r and r.s == 'G' then past[#past + 1] = ARGV[i] end
end
audit(KEYS[1], KEYS[2], now, ARGV[1], 'record', ARGV[2] .. '/' .. donor .. ' ' .. ARGV[5] ..
  (#body > 0 and ('\n' .. table.concat(body, '\n')) or ''))
return done({'ok', int(#body), table.concat(past, ' ')})
