-- Begins a new epoch, once everything that intent files say has been written down, and lifts the freeze.
-- KEYS 1 meta 2 audit 3 campaigns 4 reindex
-- ARGV 1 who 2 the epoch that was reconciled 3 a new random epoch 4 why
-- Returns {'ok', epoch, seq, chain} | {'other', epoch} the ledger has another epoch than was looked at
--       | {'restoring'} a restore was cut off
local now = now_ms()
local m = redis.call('HMGET', KEYS[1], 'epoch', 'frozen', 'restoring')
if m[3] then return {'restoring'} end
if m[1] ~= ARGV[3] then
  if m[1] ~= ARGV[2] then return {'other', m[1] or ''} end
  local before = redis.call('HGET', KEYS[1], 'epochs')
  redis.call('HSET', KEYS[1], 'epoch', ARGV[3], 'epochs', (before and before ~= '' and before .. ' ' or '') .. m[1])
  redis.call('HDEL', KEYS[1], 'frozen')
  for _, name in ipairs(redis.call('SMEMBERS', KEYS[3])) do toplace(KEYS[4], name, now) end
  audit(KEYS[1], KEYS[2], now, ARGV[1], 'epoch', ARGV[2] .. ' > ' .. ARGV[3] .. '\n' .. (m[2] or '') .. '\n' .. ARGV[4])
end
local at = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'chain')
return {'ok', at[1], at[2] or '0', at[3] or ''}
