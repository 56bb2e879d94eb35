-- Raises the number of a block's next task: whatever holds the last one does not run.
-- KEYS 1 rows
-- Returns 1 | 0 there is no such block
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HINCRBY', KEYS[1], '.w', 1)
return 1
