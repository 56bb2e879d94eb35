-- Raises alarms, or takes them back. Each is audited once when it is raised and once when it is taken back.
-- KEYS 1 meta 2 audit 3 alarms
-- ARGV 1 who 2 raise|clear 3 reason, for clear 4... for raise: what it is about and a sentence, by turns; for clear: what it is about
-- Returns how many changed
local now = now_ms()
local body = {}
if ARGV[2] == 'raise' then
  for i = 4, #ARGV, 2 do
    if redis.call('HSETNX', KEYS[3], ARGV[i], int(now) .. '|' .. ARGV[i + 1]) == 1 then
      body[#body + 1] = ARGV[i] .. ' ' .. ARGV[i + 1]
    end
  end
else
  for i = 4, #ARGV do
    if redis.call('HDEL', KEYS[3], ARGV[i]) == 1 then body[#body + 1] = ARGV[i] end
  end
  if #body > 0 then table.insert(body, 1, ARGV[3]) end
end
if #body > 0 then audit(KEYS[1], KEYS[2], now, ARGV[1], 'alarm ' .. ARGV[2], table.concat(body, '\n')) end
if #body > 0 and ARGV[2] == 'clear' then return #body - 1 end
return #body
