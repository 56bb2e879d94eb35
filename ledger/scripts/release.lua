-- Releases letters of a step that wait for a person.
-- KEYS 1 meta 2 audit 3 campaign 4 counts 5 look 6 due 7 cases, then one rows key a block
-- ARGV 1 who 2 campaign 3 step 4 donor, or '' for all of these blocks, then the blocks' names
-- Returns how many were released | -1 by the person who wrote the edition: nobody approves their own work
local now = now_ms()
local step = ARGV[3]
if wrote(KEYS[3], redis.call('HGET', KEYS[3], 'edition') or '', ARGV[1]) then return -1 end
local approval = redis.call('HGET', KEYS[3], 'until:' .. step)
local k = {campaign = KEYS[3], counts = KEYS[4], look = KEYS[5], due = KEYS[6], cases = KEYS[7]}
local body = {}
for b = 5, #ARGV do
  k.rows = KEYS[b + 3]
  local all = ARGV[4] ~= '' and {ARGV[4], redis.call('HGET', k.rows, ARGV[4])} or redis.call('HGETALL', k.rows)
  for f = 1, #all, 2 do
    local r = all[f + 1] and row(all[f], all[f + 1], 'P')
    if r and waits(approval, r) then
      r.m = 'f' .. r.m
      replan(k, step, ARGV[b], all[f], r, r.t, now)
      body[#body + 1] = ARGV[2] .. '/' .. all[f] .. '/' .. step
    end
  end
end
if #body > 0 then audit(KEYS[1], KEYS[2], now, ARGV[1], 'release', table.concat(body, '\n')) end
return done(#body)
