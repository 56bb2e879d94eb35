-- Keeps a mail beside a case, and lets the oldest go. It is no transition: the audit names mail, and holds none.
-- KEYS 1 mails of the case    ARGV 1 identity 2 when it came (13 digits), a bar, the mail 3 how many are kept
-- Returns 1 | 0 it is kept already, or older than all that are
local have = redis.call('HGETALL', KEYS[1])
local first, oldest
for f = 1, #have, 2 do
  if have[f] == ARGV[1] then return 0 end
  if not first or have[f + 1] < first then first, oldest = have[f + 1], have[f] end
end
if #have / 2 >= tonumber(ARGV[3]) then
  if ARGV[2] < first then return 0 end
  redis.call('HDEL', KEYS[1], oldest)
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
