-- Holds or frees a donor, group, region or everything. A freed scope gives its letters their place in the index back:
-- the campaigns are noted for it in the same step, so that a crash cannot leave a letter without a place.
-- KEYS 1 meta 2 audit 3 holds 4 campaigns 5 reindex
-- ARGV 1 who 2 hold|release 3 scope ('all', 'donor:KEN', 'group:...', 'region:...') 4 until (ms, 0: no end) 5 reason
--      For release, until is '' or what the caller saw: a hold that was given another end meanwhile stays.
-- Returns 'done' | 'again' it is so already
local now = now_ms()
local was = redis.call('HGET', KEYS[3], ARGV[3])
if ARGV[2] == 'hold' then
  local v = ARGV[4] .. '|' .. ARGV[1] .. '|' .. ARGV[5]
  local same = was and string.gsub(was, '^(%d+)|%d+|', '%1|')
  if same == v then return 'again' end
  redis.call('HSET', KEYS[3], ARGV[3], ARGV[4] .. '|' .. int(now) .. '|' .. ARGV[1] .. '|' .. ARGV[5])
else
  if not was then return 'again' end
  if ARGV[4] ~= '' and string.match(was, '^(%d+)|') ~= ARGV[4] then return 'again' end
  redis.call('HDEL', KEYS[3], ARGV[3])
  for _, name in ipairs(redis.call('SMEMBERS', KEYS[4])) do toplace(KEYS[5], name, now) end
end
audit(KEYS[1], KEYS[2], now, ARGV[1], ARGV[2], ARGV[3] .. (ARGV[5] ~= '' and ('\n' .. ARGV[5]) or ''))
return 'done'
