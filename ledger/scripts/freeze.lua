-- Asks whether the ledger still holds the position that somebody remembers: its epoch, and the chain hash of one entry.
-- Where it does not, letters may have left that it knows nothing of: it freezes, and nothing is claimed and nothing begins
-- before a person has reconciled it. The first reason stays.
-- KEYS 1 meta 2 audit
-- ARGV 1 who remembers 2 epoch ('': nothing is remembered) 3 sequence number 4 chain hash of that entry
--      5 a reason that freezes in any case, or ''
-- Returns {'ok', epoch, seq, chain, reason} it holds the position; reason is '' unless the ledger is frozen all the same
--       | {'frozen', epoch, seq, chain, reason} it does not, or was told to freeze
--       | {'empty'} there is no ledger here, or one in which nothing ever happened
local now = now_ms()
local m = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'frozen')
local epoch, seq = m[1], tonumber(m[2] or '0')
local asked = tonumber(ARGV[3])
local why = ARGV[5] ~= '' and ARGV[5] or nil
if not epoch or (asked > 0 and seq == 0 and epoch ~= ARGV[2]) then return {'empty'} end
local frozen = m[3]
if why or (ARGV[2] ~= '' and asked > 0) then
  if why then -- told to
  elseif epoch ~= ARGV[2] then
    why = 'this is not the ledger that ' .. ARGV[1] .. ' remembers: its epoch is ' .. string.sub(epoch, 1, 8) ..
      ', remembered is ' .. string.sub(ARGV[2], 1, 8)
  elseif seq < asked then
    why = 'the ledger has lost what came last: it ends at entry ' .. int(seq) .. ', and ' .. ARGV[1] ..
      ' remembers entry ' .. int(asked)
  elseif chained(KEYS[2], int(asked)) ~= ARGV[4] then
    why = 'the ledger has another history than ' .. ARGV[1] .. ' remembers: entry ' .. int(asked) .. ' is not the same'
  end
end
if why and not frozen then
  redis.call('HSET', KEYS[1], 'frozen', why)
  audit(KEYS[1], KEYS[2], now, ARGV[1], 'freeze', why)
  frozen = why
end
local at = redis.call('HMGET', KEYS[1], 'seq', 'chain')
return {why and 'frozen' or 'ok', epoch, at[1] or '0', at[2] or '', frozen or ''}
