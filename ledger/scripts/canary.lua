-- Looks whether the canary of a running campaign has passed, or ends that of a cancelled one. It has passed when all its
-- letters are sent and, where registry copies are read, a copy of each was found; what will not pass by itself opens a task.
-- Or lets the other letters go because a person says so.
-- KEYS 1 meta 2 audit 3 campaign 4 tasks 5 reindex, then the rows key of each letter of the canary
-- ARGV 1 who 2 campaign 3 'look' or 'go' 4 reason 5 how long a copy may take (ms), '' where none are read, then DONOR@BLOCK of
--      each letter
-- Returns {'passed'} | {'waits', letters that are well} | {'none'} no canary is out | {'stale'} another one is
--       | {'own', who, 'planned' or 'imported'} by the person who wrote the edition: nobody approves their own work
local now = now_ms()
local who, name, verb = ARGV[1], ARGV[2], ARGV[3]
local c = redis.call('HMGET', KEYS[3], 'status', 'edition', 'canary')
if not c[3] or c[3] == '' then return {'none'} end
if c[3] ~= table.concat(ARGV, ' ', 6) then return {'stale'} end
local body, well = {}, 0
local function ended(word)
  for i = 6, #ARGV do
    closetask(KEYS[4], name .. '/' .. string.match(ARGV[i], '^[^@]+') .. '/canary', now, who, word)
  end
  redis.call('HDEL', KEYS[3], 'canary')
end
if verb == 'go' then
  if c[1] ~= 'running' and c[1] ~= 'paused' then return {'none'} end
  local author, how = wrote(KEYS[3], c[2] or '', who)
  if author then return {'own', author, how} end
else
  if c[1] == 'cancelled' then
    ended('the campaign is cancelled')
    return {'none'}
  end
  if c[1] ~= 'running' then return {'waits', '0'} end
  local patience = tonumber(ARGV[5])
  local lost = {R = 'was refused', B = 'came back', W = 'is withheld', D = 'is in doubt', X = 'is cancelled'}
  for i = 6, #ARGV do
    local donor = string.match(ARGV[i], '^[^@]+')
    local r = parse(redis.call('HGET', KEYS[i], donor))
    local why
    if r and r.s == 'S' then
      local p = patience and proof(KEYS[i], donor)
      if not patience or (p and p.n > 0) then well = well + 1
      elseif now - r.t > patience then why = 'no registry copy of its first letter was read' end
    elseif not r then why = 'its first letter is not there'
    elseif lost[r.s] then why = 'its first letter ' .. lost[r.s]
    elseif r.s == 'P' and now - r.t > 86400000 then why = 'its first letter has been due for a day' end
    -- One that a person has closed stays closed.
    if why and redis.call('HEXISTS', KEYS[4], name .. '/' .. donor .. '/canary') == 0 and opentask(KEYS[4], name .. '/' .. donor .. '/canary', now, 'scheduler', now, why .. '; the letters after the canary wait') then
      body[#body + 1] = 'task ' .. name .. '/' .. donor .. '/canary opened'
    end
  end
  if well < #ARGV - 5 then
    if #body > 0 then audit(KEYS[1], KEYS[2], now, who, 'canary', table.concat(body, '\n')) end
    return {'waits', int(well)}
  end
end
ended(verb == 'go' and 'let go' or 'passed')
toplace(KEYS[5], name, now)
audit(KEYS[1], KEYS[2], now, who, 'canary', name .. (verb == 'go' and ' let go\n' .. ARGV[4] or ' passed: ' .. int(well) .. ' letters'))
return {'passed'}
