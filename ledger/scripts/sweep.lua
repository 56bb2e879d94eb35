-- Looks at blocks with letters in hand: a dead worker's claimed letters are planned again and its sending ones are in
-- doubt; a live worker's sending letter without an answer is in doubt after its time. Where its registry copy was read
-- before, it is sent instead.
-- KEYS 1 meta 2 audit 3 busy 4 workers 5 swept, then per block: campaign, rows, counts, look, due, cases, follow
-- ARGV 1 ms a live worker may wait for the relay's answer, then per block: campaign, step, block
-- Returns {planned again, in doubt, cancelled}
local now = now_ms()
local wait = tonumber(ARGV[1])
local planned, doubt, cancelled = 0, 0, 0
local body = {}
local j = 6
for i = 2, #ARGV, 3 do
  local name, step, block = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local k = {campaign = KEYS[j], rows = KEYS[j + 1], counts = KEYS[j + 2], look = KEYS[j + 3], due = KEYS[j + 4],
    cases = KEYS[j + 5], follow = KEYS[j + 6]}
  local path = name .. '/' .. step .. '/' .. block
  local all = redis.call('HGETALL', k.rows)
  local hand, first = 0, nil
  for f = 1, #all, 2 do
    local r = row(all[f], all[f + 1], 'CG')
    if r then
      local donor = all[f]
      local living = alive(KEYS[4], r.n, now)
      if r.s == 'C' and not living then
        if replan(k, step, block, donor, r, now, now) == 'P' then planned = planned + 1 else cancelled = cancelled + 1 end
        body[#body + 1] = name .. '/' .. donor .. '/' .. step .. ' C>' .. r.s .. ' its worker is gone'
      elseif r.s == 'G' and (not living or r.t + wait <= now) then
        local why = living and 'no answer of the relay in time' or 'its worker is gone, the dot may be written'
        r.t = now
        local to, words = 'D', why
        if proven(k.rows, donor, r) then
          to, words = 'S', copied
          redis.call('ZADD', k.follow, int(now), step .. '/' .. block)
        else
          redis.call('SADD', KEYS[5], path .. '/' .. donor .. ' ' .. r.n)
          doubt = doubt + 1
        end
        write(k.rows, k.counts, k.look, step, donor, r, to, words)
        body[#body + 1] = name .. '/' .. donor .. '/' .. step .. ' G>' .. to .. ' ' .. why
      else
        hand = hand + 1
        -- A claimed letter is looked at every minute: its worker may be off the list already, when a failover has lost the
        -- sweep and not the burial.
        local at = r.s == 'G' and r.t + wait or now + 60000
        if not first or at < first then first = at end
      end
    end
  end
  if hand == 0 then
    redis.call('HDEL', k.rows, '.b')
    redis.call('ZREM', KEYS[3], path)
  else
    redis.call('HSET', k.rows, '.b', int(hand))
    redis.call('ZADD', KEYS[3], int(first), path)
  end
  j = j + 7
end
if #body > 0 then audit(KEYS[1], KEYS[2], now, 'sweep', 'sweep', table.concat(body, '\n')) end
return done({int(planned), int(doubt), int(cancelled)})
