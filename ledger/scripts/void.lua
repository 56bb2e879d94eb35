-- Cancels what is still planned in some blocks of a cancelled campaign.
-- KEYS 1 meta 2 audit 3 campaign 4 counts 5 look 6 due, then one rows key a block
-- ARGV 1 campaign 2 step 3 '1' when these are the last blocks, then the blocks' names
-- Returns how many it cancelled | -1 the campaign is not cancelled
local now = now_ms()
local step = ARGV[2]
if redis.call('HGET', KEYS[3], 'status') ~= 'cancelled' then return -1 end
local body = {}
for b = 4, #ARGV do
  local rows = KEYS[b + 3]
  local all = redis.call('HGETALL', rows)
  for f = 1, #all, 2 do
    local r = row(all[f], all[f + 1], 'P')
    if r then
      r.t = now
      write(rows, KEYS[4], KEYS[5], step, all[f], r, 'X', 'campaign cancelled')
      body[#body + 1] = ARGV[1] .. '/' .. all[f] .. '/' .. step .. ' P>X'
    end
  end
  redis.call('ZREM', KEYS[6], step .. '/' .. ARGV[b])
end
if #body > 0 then audit(KEYS[1], KEYS[2], now, 'sweep', 'cancel', table.concat(body, '\n')) end
if ARGV[3] == '1' then redis.call('HSET', KEYS[3], 'voided', '1') end
return done(#body)
