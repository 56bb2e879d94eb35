-- Lists blocks of running campaigns that are due, and puts each off by a while: if nobody answers the wake-up, the block
-- is listed again.
-- KEYS per campaign: campaign, due
-- ARGV 1 how many at most 2 how long they are put off (ms)
-- Returns {place of the campaign, step/block, ...}
local now = now_ms()
local left, off = tonumber(ARGV[1]), tonumber(ARGV[2])
local out = {}
for i = 1, #KEYS, 2 do
  if left <= 0 then break end
  if redis.call('HGET', KEYS[i], 'status') == 'running' then
    local blocks = redis.call('ZRANGEBYSCORE', KEYS[i + 1], '-inf', int(now), 'LIMIT', 0, left)
    for _, member in ipairs(blocks) do
      redis.call('ZADD', KEYS[i + 1], int(now + off), member)
      out[#out + 1] = int((i + 1) / 2)
      out[#out + 1] = member
      left = left - 1
    end
  end
end
return out
