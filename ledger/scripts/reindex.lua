-- Gives blocks their place in the index: the earliest due of their planned letters that nothing keeps, a moved case's not
-- before its day.
-- KEYS 1 due 2 holds 3 campaign 4 cases, then one rows key a block    ARGV 1 step, then the blocks' names
-- Returns how many blocks have a place
local now = now_ms()
local c = redis.call('HMGET', KEYS[3], 'until:' .. ARGV[1], 'steps', 'canary')
local approval = c[1]
local n = 0
for b = 2, #ARGV do
  local rows = KEYS[b + 3]
  local all = redis.call('HGETALL', rows)
  local scopes = redis.call('HGET', rows, '.s') or ''
  local after = canary(c[3], c[2], ARGV[1], ARGV[b])
  local first
  for f = 1, #all, 2 do
    local r = row(all[f], all[f + 1], 'P')
    if r and not waits(approval, r) and not held(KEYS[2], now, all[f], scopes) and not (after and after(all[f])) then
      local stand, til = standing(KEYS[4], all[f], now)
      local at = math.max(r.t, til or 0)
      if stand ~= 'paused' and (not first or at < first) then first = at end
    end
  end
  if first then
    sooner(KEYS[1], ARGV[1] .. '/' .. ARGV[b], first)
    n = n + 1
  end
end
return n
