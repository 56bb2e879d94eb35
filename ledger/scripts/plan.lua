-- Registers an edition (already stored under its hash) as the one that waits for approval.
-- KEYS 1 meta 2 audit 3 campaigns 4 campaign
-- ARGV 1 who 2 campaign 3 edition 4 steps, joined by spaces 5 donors 6 SHA-256 of what staff wrote 7 the last import into
--      what they wrote, '' for none
--      8 the canary, DONOR@BLOCK joined by spaces, then who imported since the approved edition
-- Returns {'planned', number} | {'again', number} the same edition waits already, or is the approved one
--       | {'cancelled'} the campaign is over
--       | {'steps', steps} letters of these steps exist: an edition may add steps at the end, and nothing else
local now = now_ms()
local who, name, edition = ARGV[1], ARGV[2], ARGV[3]
local c = redis.call('HMGET', KEYS[4], 'status', 'edition', 'pending', 'steps')
if c[1] == 'cancelled' then return {'cancelled'} end
if c[2] and string.sub(ARGV[4] .. ' ', 1, #c[4] + 1) ~= c[4] .. ' ' then return {'steps', c[4]} end
local number = redis.call('HGET', KEYS[4], 'number:' .. edition)
if number and (c[2] == edition or c[3] == edition) then return {'again', number} end
if not number then
  number = int(redis.call('HINCRBY', KEYS[4], 'editions', 1))
  redis.call('HSET', KEYS[4], 'number:' .. edition, number, 'hash:' .. number, edition, 'by:' .. edition, who)
end
redis.call('SADD', KEYS[3], name)
redis.call('HSET', KEYS[4], 'pending', edition, 'pending_by', who, 'pending_at', int(now), 'pending_steps', ARGV[4],
  'pending_donors', ARGV[5], 'pending_inputs', ARGV[6])
if not c[2] then redis.call('HSET', KEYS[4], 'status', c[1] or 'planned', 'steps', ARGV[4]) end
local importers = table.concat(ARGV, '\n', 9)
redis.call('HSET', KEYS[4], 'pending_import', ARGV[7], 'pending_canary', ARGV[8], 'with:' .. edition, importers)
local body = name .. ' edition ' .. number .. ' ' .. edition .. ' for ' .. ARGV[5] .. ' donors'
if importers ~= '' then body = body .. '\nwith rows imported by ' .. string.gsub(importers, '\n', ', ') end
audit(KEYS[1], KEYS[2], now, who, 'plan', body)
return {'planned', number}
