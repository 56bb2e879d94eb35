-- Where the ledger stands, and the last entry of its audit stream, in one moment.
-- KEYS 1 meta 2 audit
-- Returns {epoch, seq, chain, id of the last entry, its chain hash, '1' while a restore is under way, checked}
local m = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'chain', 'restoring', 'checked')
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
local id, chain = '0-0', ''
if last then
  id = last[1]
  for i = 1, #last[2], 2 do
    if last[2][i] == 'chain' then chain = last[2][i + 1] end
  end
end
return {m[1] or '', m[2] or '0', m[3] or '', id, chain, m[4] and '1' or '', m[5] or ''}
