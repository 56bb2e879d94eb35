-- Starts a campaign after a while in which the start can be taken back. Until then it is an approved campaign like any
-- other: nothing of it leaves.
-- KEYS 1 meta 2 audit 3 campaign
-- ARGV 1 who 2 campaign 3 launch|undo|go 4 for launch: how long (ms)
-- Returns {'done', status, when (ms)} | {'again', status, when} it is so already: another launch keeps the first one's time
--       | {'no', status} not from this status | {'unlaid'} planning was cut off: plan again | {'wait', when} go, and it is not time
--       | {'none', status} nothing to take back, or to go on with | {'other', number} the launch was for another edition and is void
local now = now_ms()
local who, name, verb = ARGV[1], ARGV[2], ARGV[3]
local c = redis.call('HMGET', KEYS[3], 'status', 'edition', 'laid', 'launch_at', 'launch_by', 'launch_edition', 'number')
local status = c[1] or ''
local at = tonumber(c[4] or '0')
local function clear() redis.call('HDEL', KEYS[3], 'launch_at', 'launch_by', 'launch_edition') end
if verb == 'launch' then
  if status == 'running' then return {'again', status, '0'} end
  if status ~= 'approved' then return {'no', status} end
  if c[2] ~= c[3] then return {'unlaid'} end
  if at > 0 and c[6] == c[2] then return {'again', status, int(at)} end
  at = now + tonumber(ARGV[4])
  redis.call('HSET', KEYS[3], 'launch_at', int(at), 'launch_by', who, 'launch_edition', c[2])
  audit(KEYS[1], KEYS[2], now, who, 'launch', name .. ' edition ' .. c[7] .. '\nat ' .. int(at))
  return {'done', status, int(at)}
end
if at == 0 then return {'none', status} end
if verb == 'undo' then
  if status ~= 'approved' then return {'none', status} end
  clear()
  audit(KEYS[1], KEYS[2], now, who, 'undo', name)
  return {'done', status, '0'}
end
if status ~= 'approved' then
  clear()
  return {'none', status}
end
if c[6] ~= c[2] or c[2] ~= c[3] then
  clear()
  audit(KEYS[1], KEYS[2], now, who, 'undo', name .. '\nanother edition was approved meanwhile')
  return {'other', c[7]}
end
if at > now then return {'wait', int(at)} end
redis.call('HSET', KEYS[3], 'status', 'running', 'start_by', c[5], 'start_at', int(now), 'start_why', '')
clear()
audit(KEYS[1], KEYS[2], now, c[5], 'start', name)
return {'done', 'running', int(now)}
