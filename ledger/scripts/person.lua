-- Adds, changes or removes somebody who may sign in. A change names what it saw, so that none is made over another.
-- KEYS 1 meta 2 audit 3 people
-- ARGV 1 who 2 what is done 3 field 4 value that was seen ('': none) 5 new value ('': removed) 6 what the audit says of it
--      A value is 'roles|rest'; the roles are words joined by commas.
-- Returns 'done' | 'again' it is so already | 'changed' somebody changed it meanwhile | 'last' nobody would be left who is admin
local now = now_ms()
local function admin(v) return v and string.find(',' .. string.match(v, '^[^|]*') .. ',', ',admin,', 1, true) end
local was = redis.call('HGET', KEYS[3], ARGV[3]) or ''
if was == ARGV[5] then return 'again' end
if was ~= ARGV[4] then return 'changed' end
if admin(was) and not admin(ARGV[5]) then
  local left = 0
  for _, v in ipairs(redis.call('HVALS', KEYS[3])) do
    if admin(v) then left = left + 1 end
  end
  if left < 2 then return 'last' end
end
if ARGV[5] == '' then
  redis.call('HDEL', KEYS[3], ARGV[3])
else
  redis.call('HSET', KEYS[3], ARGV[3], ARGV[5])
end
audit(KEYS[1], KEYS[2], now, ARGV[1], ARGV[2], ARGV[6])
return 'done'
