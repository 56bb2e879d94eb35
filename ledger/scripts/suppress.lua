-- Puts an address on the suppression list, by its hash. The address itself stands beside it until somebody erases it; the
-- audit knows it by its salted hash only.
-- KEYS 1 meta 2 audit 3 suppressed    ARGV 1 who 2 address hash 3 source 4 reason 5 address 6 random salt, for a ledger without
-- Returns 'done' | 'again' it is there already, and for no weaker a reason
local now = now_ms()
local salted = salt(KEYS[1], ARGV[2], ARGV[6])
if redis.call('HEXISTS', KEYS[3], salted) == 1 then return 'again' end
local was = redis.call('HGET', KEYS[3], ARGV[2])
-- What readers ask for outweighs what we found out; an entry of before addresses were kept gets its address.
local asked = {['opt-out'] = true, complaint = true}
if was then
  local at, by, source, address, reason = string.match(was, '^(%d+)|([^|]*)|\t([^\t]*)\t([^\t]*)\t(.*)$')
  if source and (asked[source] or not asked[ARGV[3]]) then return 'again' end
end
redis.call('HSET', KEYS[3], ARGV[2], int(now) .. '|' .. ARGV[1] .. '|\t' .. ARGV[3] .. '\t' .. ARGV[5] .. '\t' .. ARGV[4])
relisted(KEYS[1], KEYS[3])
audit(KEYS[1], KEYS[2], now, ARGV[1], 'suppress', salted .. ' ' .. ARGV[3] .. '\n' .. ARGV[4])
return 'done'
