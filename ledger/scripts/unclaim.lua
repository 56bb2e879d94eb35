-- Gives claimed letters of one block back, planned for later. Nothing irrevocable has happened to them.
-- KEYS 1 campaign 2 rows 3 counts 4 look 5 due 6 busy 7 cases
-- ARGV 1 campaign 2 step 3 block 4 nonce 5 ms until they are due 6 why, or '' 7... donors
-- Returns how many it gave back
local now = now_ms()
local step, block, nonce = ARGV[2], ARGV[3], ARGV[4]
local k = {campaign = KEYS[1], rows = KEYS[2], counts = KEYS[3], look = KEYS[4], due = KEYS[5], cases = KEYS[7]}
local n = 0
for i = 7, #ARGV do
  local r = parse(redis.call('HGET', k.rows, ARGV[i]))
  if r and r.s == 'C' and r.n == nonce then
    replan(k, step, block, ARGV[i], r, now + tonumber(ARGV[5]), now, ARGV[6] ~= '' and ARGV[6] or nil)
    freed(k.rows, KEYS[6], ARGV[1] .. '/' .. step .. '/' .. block, 1)
    n = n + 1
  end
end
return done(n)
