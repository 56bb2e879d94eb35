-- Approves the edition that waits, and each further step as the edition says. The campaign switches to it at once.
-- KEYS 1 meta 2 audit 3 campaign 4 reindex
-- ARGV 1 who 2 campaign 3 edition, then per further step: its name, and 'each' or the end of the standing approval (ms)
-- Returns {'approved', number} | {'again', number} it is the approved one
--       | {'own', who, 'planned' or 'imported'} nobody approves their own work
--       | {'other', pending or ''} another edition waits, or none
local now = now_ms()
local who, name, edition = ARGV[1], ARGV[2], ARGV[3]
local c = redis.call('HMGET', KEYS[3], 'status', 'edition', 'pending', 'pending_by', 'pending_steps', 'pending_donors',
  'pending_inputs', 'pending_import', 'pending_canary')
local number = redis.call('HGET', KEYS[3], 'number:' .. edition)
if c[2] == edition and c[3] ~= edition then return {'again', number} end
if c[3] ~= edition or c[1] == 'cancelled' then return {'other', c[3] or ''} end
local author, how = wrote(KEYS[3], edition, who)
if author then return {'own', author, how} end
redis.call('HSET', KEYS[3], 'edition', edition, 'number', number, 'written_by', c[4], 'approved_by', who, 'approved_at',
  int(now), 'steps', c[5], 'donors', c[6], 'inputs', c[7], 'import', c[8] or '')
redis.call('HDEL', KEYS[3], 'pending', 'pending_by', 'pending_at', 'pending_steps', 'pending_donors', 'pending_inputs',
  'pending_import', 'pending_canary')
-- A campaign that has started keeps the canary that is out, and needs no other.
if c[1] == 'planned' or c[1] == 'approved' then redis.call('HSET', KEYS[3], 'canary', c[9] or '') end
local body = name .. ' edition ' .. number .. ' ' .. edition
for i = 4, #ARGV, 2 do
  redis.call('HSET', KEYS[3], 'until:' .. ARGV[i], ARGV[i + 1])
  body = body .. '\n' .. ARGV[i] .. ' ' .. ARGV[i + 1]
end
-- What waited for a person may go by itself now, or the other way round: the blocks get their places anew.
toplace(KEYS[4], name, now)
if c[1] == 'planned' then redis.call('HSET', KEYS[3], 'status', 'approved') end
audit(KEYS[1], KEYS[2], now, who, 'approve', body)
return {'approved', number}
