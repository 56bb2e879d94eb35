-- lib.lua stands before every script. Times are milliseconds from Redis itself; every number that is stored or returned
-- as text goes through int(), because Redis prints long numbers as 1.7e+15 and a negated zero as -0.

local function now_ms()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

-- Formatting is the dearest thing in most scripts, and a call meets the same few numbers again and again. They are kept by
-- their negative: the store of the trial makes an array as long as any positive key.
local digits = {}

local function int(n)
  local s = digits[-n]
  if s then return s end
  local v = tonumber(n)
  s = v == 0 and '0' or string.format('%.0f', v)
  digits[-n] = s
  return s
end

-- A row is one letter, at most 64 bytes so that Redis keeps the compact encoding of its hash:
--   s state  P planned  C claimed  G sending  S sent  D in doubt  R refused  B bounced  W withheld  X cancelled
--   g generation, raised when a person decides to send again    a attempts, raised by each granted begin and by an attempt that ended before it
--   e number of the edition it was last claimed under
--   t since when in this state; for P: due       d date of the letter in seconds, 0 before the first claim
--   n nonce of the last claim, its first six characters name the worker
--   m marks: 'f' first, where a person released it; then digits: copies deferred once, as a bit mask
local function parse(v)
  if not v then return nil end
  local s, g, a, e, t, d, n, m = string.match(v, '^(%a)|(%d+)|(%d+)|(%d+)|(%d+)|(%d+)|([^|]*)|(.*)$')
  if not s then return nil end
  return {s = s, g = tonumber(g), a = tonumber(a), e = tonumber(e), t = tonumber(t), d = tonumber(d), n = n, m = m}
end

local function pack(r)
  return r.s .. '|' .. int(r.g) .. '|' .. int(r.a) .. '|' .. int(r.e) .. '|' .. int(r.t) .. '|' .. int(r.d) .. '|' ..
    r.n .. '|' .. r.m
end

-- row reads a field of HGETALL as a letter in one of the given states, or nil: fields that start with a dot are the
-- block's own, those that end with a tilde hold words.
local function row(field, value, states)
  if not string.find(states, string.sub(value, 1, 1), 1, true) or string.sub(value, 2, 2) ~= '|' then return nil end
  if string.sub(field, 1, 1) == '.' or string.sub(field, -1) == '~' then return nil end
  return parse(value)
end

-- counts is a hash of step/state; look is a sorted set of the letters that a person must look at. Doubts come first:
-- their score is lower by ahead, so that however many letters were refused, the doubts are one range.
local looked = {D = true, R = true, B = true, W = true}
local ahead = 1e13

-- moved gathers what the counters of a call move by, so that each is written once: count(key, field, n) and, as every
-- script's last act, done(what it returns).
local moved = {}

local function count(key, field, n)
  local of = moved[key]
  if not of then
    of = {}
    moved[key] = of
  end
  of[field] = (of[field] or 0) + n
end

local function done(result)
  for key, of in pairs(moved) do
    for field, n in pairs(of) do
      if n ~= 0 then redis.call('HINCRBY', key, field, int(n)) end
    end
  end
  return result
end

-- write stores row r of a donor as state s, moving the counters and the set of letters to look at with it. words, where
-- given, are kept beside the row: the relay's, or a reason, at most 64 bytes, cut by the caller; '' takes them away.
local function write(rows, counts, look, step, donor, r, s, words)
  if r.s ~= s then
    if r.s ~= '' then count(counts, step .. '/' .. r.s, -1) end
    count(counts, step .. '/' .. s, 1)
    if looked[s] then redis.call('ZADD', look, int(s == 'D' and r.t - ahead or r.t), step .. '/' .. donor)
    elseif looked[r.s] then redis.call('ZREM', look, step .. '/' .. donor) end
    r.s = s
  end
  if words and words ~= '' then
    redis.call('HSET', rows, donor, pack(r), donor .. '~', words)
  else
    redis.call('HSET', rows, donor, pack(r))
    if words then redis.call('HDEL', rows, donor .. '~') end
  end
end

-- audit appends one entry and chains it to the one before. The entry's id is its sequence number.
local function audit(meta, stream, now, who, what, body)
  local seq = int(redis.call('HINCRBY', meta, 'seq', 1))
  local before = redis.call('HGET', meta, 'chain') or ''
  local at = int(now)
  local chain = redis.sha1hex(before .. '\n' .. seq .. '\n' .. at .. '\n' .. who .. '\n' .. what .. '\n' .. body)
  redis.call('HSET', meta, 'chain', chain)
  redis.call('XADD', stream, seq .. '-0', 'at', at, 'who', who, 'what', what, 'body', body, 'chain', chain)
end

-- toplace notes that a campaign's blocks want their place in the index looked at, under the time. A number that counts from
-- one again, once the campaign was off the list or after a failover, would let a scheduler that stood still in between take
-- off the list what it has not seen.
local function toplace(reindex, name, now)
  local was = tonumber(redis.call('HGET', reindex, name) or '0')
  redis.call('HSET', reindex, name, int(math.max(now, was + 1)))
end

-- chained is the chain hash of one entry of the audit stream, or nil where it holds no such entry.
local function chained(stream, seq)
  local found = redis.call('XRANGE', stream, seq .. '-0', seq .. '-0')[1]
  if not found then return nil end
  for i = 1, #found[2], 2 do
    if found[2][i] == 'chain' then return found[2][i + 1] end
  end
  return nil
end

-- icy is the reason why nothing may leave of the whole ledger, or nil: what it holds may not be all that has happened.
local function icy(meta)
  local why = redis.call('HGET', meta, 'frozen')
  return why and 'frozen: ' .. why or nil
end

-- person is the declared name in 'name (account)': who somebody is depends neither on the machine they sit at nor on how they
-- write their name.
local function person(who) return (string.gsub(string.gsub(string.lower(who or ''), '%s+', ' '), ' %(.*$', '')) end

-- waits says whether a letter waits for a person: its step is released letter by letter, and it has not been.
local function waits(approval, r) return approval == 'each' and string.sub(r.m, 1, 1) ~= 'f' end

-- canary gives a function that says of a letter whether it waits for the canary: the first letters of a campaign, a list of
-- DONOR@BLOCK, that the others wait for. nil where none is out.
local function canary(list, steps, step, block)
  if not list or list == '' or step ~= string.match(steps or '', '^%S+') then return nil end
  return function(donor) return not string.find(' ' .. list .. ' ', ' ' .. donor .. '@' .. block .. ' ', 1, true) end
end

-- wrote says whether somebody wrote an edition: planned it first, or again, or imported rows of it. It returns the name as
-- it is kept, and the word.
local function wrote(campaign, edition, who)
  local c = redis.call('HMGET', campaign, 'by:' .. edition, 'pending_by', 'pending', 'written_by', 'edition', 'with:' .. edition)
  if person(c[1]) == person(who) then return c[1], 'planned' end
  if c[3] == edition and person(c[2]) == person(who) then return c[2], 'planned' end
  if c[5] == edition and person(c[4]) == person(who) then return c[4], 'planned' end
  for name in string.gmatch(c[6] or '', '[^\n]+') do
    if person(name) == person(who) then return name, 'imported' end
  end
  return nil
end

-- made says whether somebody wrote an edition or started the campaign, and which of these: nobody resolves a doubt about
-- their own work. It returns the name as it is kept, and the word.
local function made(campaign, edition, who)
  local author, how = wrote(campaign, edition, who)
  if author then return author, how end
  local starter = redis.call('HGET', campaign, 'start_by')
  if starter and person(starter) == person(who) then return starter, 'started' end
  return nil
end

-- A proof stands beside a row, as DONOR~~, once evidence of its letter was read:
--   n different registry copies    g first generation that they count for    k 1 when the last generation never left
--   p 1 when there is proof that is no copy    d date of the letter (s)    t when the first was noted (ms)
--   ids of the copies, joined by commas, eight at most; a ninth is counted once and for all
local function proof(rows, donor)
  local v = redis.call('HGET', rows, donor .. '~~')
  if not v then return nil end
  local n, g, k, p, d, t, ids = string.match(v, '^(%d+)|(%d+)|(%d)|(%d)|(%d+)|(%d+)|(.*)$')
  if not n then return nil end
  return {n = tonumber(n), g = tonumber(g), k = tonumber(k), p = tonumber(p), d = tonumber(d), t = tonumber(t), ids = ids}
end

local function prove(rows, donor, c)
  redis.call('HSET', rows, donor .. '~~', int(c.n) .. '|' .. int(c.g) .. '|' .. int(c.k) .. '|' .. int(c.p) .. '|' ..
    int(c.d) .. '|' .. int(c.t) .. '|' .. c.ids)
end

-- proven says whether evidence shows that a relay took the letter. A date that no begin has fixed is then the copy's.
local function proven(rows, donor, r)
  local c = proof(rows, donor)
  if not c or (c.n == 0 and c.p == 0) then return false end
  if r.a == 0 and c.d ~= 0 then r.d = c.d end
  return true
end
local copied = 'its registry copy was read'

-- sooner moves a member's score down to at, or adds it: an index holds the earliest moment that wants attention.
local function sooner(key, member, at)
  local s = redis.call('ZSCORE', key, member)
  if not s or tonumber(s) > at then redis.call('ZADD', key, int(at), member) end
end

-- held names the hold that keeps a donor, or nil. A hold is 'until|...'; until 0 has no end. Where the group and the region
-- are not known, because a reconciliation wrote the row into a block that has not been laid since, every hold of one keeps it.
local function held(holds, now, donor, scopes)
  if redis.call('HLEN', holds) == 0 then return nil end
  local group, region = string.match(scopes or '', '^(.*)|(.*)$')
  local names = {'all', 'donor:' .. donor}
  if group and group ~= '' then names[#names + 1] = 'group:' .. group end
  if region and region ~= '' then names[#names + 1] = 'region:' .. region end
  if not group then
    for _, name in ipairs(redis.call('HKEYS', holds)) do
      if string.find(name, '^group:') or string.find(name, '^region:') then names[#names + 1] = name end
    end
  end
  for _, name in ipairs(names) do
    local v = redis.call('HGET', holds, name)
    if v then
      local til = tonumber(string.match(v, '^(%d+)|'))
      if til == 0 or til > now then return name end
    end
  end
  return nil
end

-- stopped says whether the donor's case has ended its letters. A case is one line, then its entries. The line is 'S' stopped,
-- 'P' paused: nothing leaves until a person has decided, 'M|ms' moved: nothing leaves before then, or 'O' open.
local function stopped(cases, donor)
  local v = redis.call('HGET', cases, donor)
  return v and string.sub(v, 1, 1) == 'S'
end
local answered = 'stopped: the case has an answer'

-- standing is what a donor's case says of its letters now: 'stopped', 'paused', 'moved' and until when (ms), or nil.
local function standing(cases, donor, now)
  local v = redis.call('HGET', cases, donor)
  local s = v and string.sub(v, 1, 1)
  if s == 'S' then return 'stopped' elseif s == 'P' then return 'paused' end
  if s == 'M' then
    local til = tonumber(string.match(v, '^M|(%d+)') or '0')
    if til > now then return 'moved', til end
  end
  return nil
end

-- A task is what waits for a person, under CAMPAIGN/DONOR/KIND, in ten lines: O open or C closed; opened (ms), by; when a
-- person should look (ms); taken (ms, 0), by; closed (ms, 0), by, with which word; why it is there. .CAMPAIGN
-- counts those that are open.
local function opentask(tasks, id, now, who, due, why)
  local v = redis.call('HGET', tasks, id)
  if v and string.sub(v, 1, 1) == 'O' then return false end
  redis.call('HINCRBY', tasks, '.' .. string.match(id, '^[^/]*'), 1)
  redis.call('HSET', tasks, id, table.concat({'O', int(now), who, int(due), '0', '', '0', '', '', why}, '\n'))
  return true
end

local function tasklines(v)
  local t = {}
  for line in string.gmatch(v .. '\n', '(.-)\n') do t[#t + 1] = line end
  return t
end

local function closetask(tasks, id, now, who, word)
  local v = redis.call('HGET', tasks, id)
  if not v or string.sub(v, 1, 1) ~= 'O' then return false end
  local t = tasklines(v)
  t[1], t[7], t[8], t[9] = 'C', int(now), who, word
  redis.call('HINCRBY', tasks, '.' .. string.match(id, '^[^/]*'), -1)
  redis.call('HSET', tasks, id, table.concat(t, '\n'))
  return true
end

-- salt is an address's hash with the ledger's secret, which is made once.
local function salt(meta, hash, random)
  redis.call('HSETNX', meta, 'salt', random)
  return redis.sha1hex(redis.call('HGET', meta, 'salt') .. hash)
end

-- listed says whether an address, by its hash, is suppressed. secret is the ledger's salt, or nil.
local function listed(suppressed, secret, hash)
  return redis.call('HEXISTS', suppressed, hash) == 1 or
    (secret and redis.call('HEXISTS', suppressed, redis.sha1hex(secret .. hash)) == 1)
end

-- relisted gives the suppression list another version: workers know by it that theirs is not the newest.
local function relisted(meta, suppressed)
  if not redis.call('HGET', meta, 'closed') then redis.call('HSET', meta, 'closed', redis.call('HLEN', suppressed)) end
  redis.call('HINCRBY', meta, 'closed', 1)
end

-- replan returns a letter to planned, due at, unless evidence shows that it left: then it is sent; or its campaign was
-- cancelled or its case stopped: then it is cancelled. words are kept beside it as in write. It returns the state written.
local function replan(k, step, block, donor, r, at, now, words)
  if proven(k.rows, donor, r) then
    r.t = now
    write(k.rows, k.counts, k.look, step, donor, r, 'S', copied)
    if k.follow then redis.call('ZADD', k.follow, int(now), step .. '/' .. block) end
    return 'S'
  end
  local why
  if redis.call('HGET', k.campaign, 'status') == 'cancelled' then why = 'campaign cancelled'
  elseif stopped(k.cases, donor) then why = answered end
  if why then
    r.t = now
    write(k.rows, k.counts, k.look, step, donor, r, 'X', why)
    return 'X'
  end
  r.t = at
  write(k.rows, k.counts, k.look, step, donor, r, 'P', words)
  sooner(k.due, step .. '/' .. block, at)
  return 'P'
end

-- freed counts n letters out of the block's letters in hand; the last one takes the block out of the busy index.
local function freed(rows, busy, member, n)
  if redis.call('HINCRBY', rows, '.b', -n) <= 0 then
    redis.call('HDEL', rows, '.b')
    redis.call('ZREM', busy, member)
  end
end

-- alive says whether the worker named by a nonce still has its lease.
local function alive(workers, nonce, now)
  local til = redis.call('ZSCORE', workers, string.sub(nonce, 1, 6))
  return til and tonumber(til) >= now
end

-- relayname is the name in a relay's key.
local function relayname(key) return string.match(key, ':relay:(.*)$') end
