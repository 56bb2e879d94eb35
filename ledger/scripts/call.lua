-- Opens the task to telephone for donors of one block whose last letter was sent and has no answer. Each is opened once.
-- KEYS 1 meta 2 audit 3 campaign 4 cases 5 follow 6 tasks 7 rows of the step
-- ARGV 1 campaign 2 step 3 block, then per donor: id, when to telephone (ms) or a minus and the hash of the edition in which
--      nobody is to be telephoned for it, why
-- Returns how many tasks it opened | -1 the campaign is over
local now = now_ms()
local name, step, member = ARGV[1], ARGV[2], ARGV[2] .. '/' .. ARGV[3]
local c = redis.call('HMGET', KEYS[3], 'status', 'edition')
if c[1] == 'cancelled' then
  redis.call('ZREM', KEYS[5], member)
  return -1
end
local body, without = {}, {}
for i = 4, #ARGV, 3 do
  local donor, id = ARGV[i], name .. '/' .. ARGV[i] .. '/call'
  local none = string.match(ARGV[i + 1], '^%-(.+)$')
  local r = parse(redis.call('HGET', KEYS[7], donor))
  if none then without[donor] = none == c[2]
  elseif r and r.s == 'S' and redis.call('HEXISTS', KEYS[6], id) == 0 then
    local stand, til = standing(KEYS[4], donor, now)
    if stand ~= 'stopped' then
      opentask(KEYS[6], id, now, 'scheduler', math.max(tonumber(ARGV[i + 1]), til or 0), ARGV[i + 2])
      body[#body + 1] = 'task ' .. id .. ' opened'
    end
  end
end
-- As in advance: the rows tell whether more was sent meanwhile.
local open = false
local have = redis.call('HGETALL', KEYS[7])
for f = 1, #have, 2 do
  if row(have[f], have[f + 1], 'S') and not without[have[f]] and redis.call('HEXISTS', KEYS[6], name .. '/' .. have[f] .. '/call') == 0 and
    not stopped(KEYS[4], have[f]) then open = true end
end
if not open then redis.call('ZREM', KEYS[5], member) end
if #body > 0 then audit(KEYS[1], KEYS[2], now, 'scheduler', 'call', table.concat(body, '\n')) end
return #body
