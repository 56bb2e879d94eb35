-- Moves counters of a step by what a check found them to be off. Being off does not change while letters move, so this may
-- come at any time after it.
-- KEYS 1 meta 2 audit 3 counts
-- ARGV 1 who 2 campaign 3 step, then by turns: letter of state, by how much
-- Returns 1
local now = now_ms()
local body = {}
for i = 4, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[3], ARGV[3] .. '/' .. ARGV[i], ARGV[i + 1])
  body[#body + 1] = ARGV[i] .. ' ' .. ARGV[i + 1]
end
audit(KEYS[1], KEYS[2], now, ARGV[1], 'recount', ARGV[2] .. '/' .. ARGV[3] .. '\n' .. table.concat(body, '\n'))
return 1
