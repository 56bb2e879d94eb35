-- Notes that a letter is about to go to somebody of the organisation as a test. It is no letter of the campaign: no row and
-- no counter knows of it. Who never wants to be written to gets no test either.
-- KEYS 1 meta 2 audit 3 suppressed    ARGV 1 who 2 address hash 3 letter and language 4 Message-ID of the test
-- Returns 'ok' | 'again' the last entry says so already | 'suppressed' | 'frozen' nothing leaves of this ledger
if icy(KEYS[1]) then return 'frozen' end
if listed(KEYS[3], redis.call('HGET', KEYS[1], 'salt'), ARGV[2]) then return 'suppressed' end
local body = ARGV[3] .. ' to ' .. ARGV[2] .. ' ' .. ARGV[4]
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
if last then
  for i = 1, #last[2], 2 do
    if last[2][i] == 'body' and last[2][i + 1] == body then return 'again' end
  end
end
audit(KEYS[1], KEYS[2], now_ms(), ARGV[1], 'test', body)
return 'ok'
