-- Answers a question about limits and budgets, as answering.py does. ARGV: the question as MessagePack, a new life.
-- KEYS: turnout:life, the set of the owner's budgets, then a hash for each counter.
-- A limit's hash has units by bucket; total, first and newest.
-- A budget's has settled, revision, touched, and an entry by owner.
-- Numbers are doubles: above 9,000 USD a budget is counted to some picodollars.
local PARTS, SECOND, OWNER_LASTS, LEFT_FREE, SHARES = 1000, 1000000, 900000000, 4, 16

local question = cmsgpack.unpack(ARGV[1])
local owner, number, counters, draws = question[1], question[2], question[3], question[4]
local clock = redis.call('TIME')
local now = clock[1] * SECOND + clock[2]
redis.call('SET', KEYS[1], ARGV[2], 'NX')
local life = redis.call('GET', KEYS[1])
local floor, min, max = math.floor, math.min, math.max

local function text(value) return string.format('%.0f', value) end

local function open_owners(key)
  local fields, state = redis.call('HGETALL', key), {owners = {}, gone = {}, touched = now}
  for i = 1, #fields, 2 do
    if fields[i] == 'touched' then state.touched = max(now, tonumber(fields[i + 1])) end
  end
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 2) == 'o:' then
      local entry = cmsgpack.unpack(fields[i + 1])
      if entry[3] <= state.touched then
        state.gone[#state.gone + 1] = fields[i]
      else
        state.owners[string.sub(fields[i], 3)] = entry
      end
    end
  end
  return state
end

local states = {}
for i, counter in ipairs(counters) do
  if counter[3] == 0 then
    states[i] = open_owners(KEYS[i + 2])
    local known = states[i].owners[owner]
    if known and known[2] > number then return cmsgpack.pack({life, true, {}, {}}) end
  end
end

local function move_to(state)  -- forgets what no longer counts
  local values = redis.call('HMGET', state.key, 'total', 'first', 'newest')
  state.total, state.first = tonumber(values[1] or 0), tonumber(values[2] or 0)
  state.newest = max(tonumber(values[3] or 0), now)
  local first = floor(state.newest / state.width) - PARTS + 1
  while state.total > 0 and state.first < first do
    local units = redis.call('HGET', state.key, text(state.first))
    if units then
      redis.call('HDEL', state.key, text(state.first))
      state.total = state.total - units
    end
    state.first = state.first + 1
  end
  if state.total <= 0 then state.total, state.first = 0, first end
end

local function bucket(state, ahead) return floor((state.newest + ahead) / state.width) + 1 end

local function enter(state, at, units)
  redis.call('HINCRBY', state.key, text(at), text(units))
  state.total = state.total + units
end

local function take_back(state, at, units)
  local entered = tonumber(redis.call('HGET', state.key, text(at)) or 0)
  local gone = min(entered, units)
  if gone > 0 then
    if gone == entered then redis.call('HDEL', state.key, text(at))
    else redis.call('HINCRBY', state.key, text(at), text(-gone)) end
    state.total = state.total - gone
  end
end

local function open_limit(state, counter)
  state.width = counter[3] * SECOND / PARTS
  state.lease = min(SECOND, floor(counter[3] * SECOND / 20))
  move_to(state)
  for _, back in ipairs(counter[9] or {}) do take_back(state, back[1], back[2]) end
  if counter[8] > 0 then enter(state, bucket(state, 0), counter[8]) end
end

local function open_budget(state, counter)
  for _, name in ipairs(state.gone) do redis.call('HDEL', state.key, name) end
  local values = redis.call('HMGET', state.key, 'settled', 'revision')
  state.settled, state.revision = tonumber(values[1] or 0), tonumber(values[2] or 0)
  if counter[5] >= 0 then
    if counter[6] > state.revision then state.settled, state.revision = counter[5], counter[6]
    elseif counter[6] == state.revision then state.settled = max(state.settled, counter[5]) end
  end
  state.held, state.total = counter[4], state.settled + counter[4]
  for name, entry in pairs(state.owners) do
    if name ~= owner then state.total = state.total + entry[1] end
  end
end

for i, counter in ipairs(counters) do
  local state = states[i] or {}
  states[i], state.key, state.most = state, KEYS[i + 2], counter[2]
  if counter[3] > 0 then open_limit(state, counter) else open_budget(state, counter) end
end

local function wait(state, units)  -- microseconds, 0: there is room, -1: there never is
  local excess = state.total + units - state.most
  if excess <= 0 then return 0 end
  if units > state.most then return -1 end
  local fields, buckets, entries = redis.call('HKEYS', state.key), {}, {}
  for _, name in ipairs(fields) do
    if tonumber(name) then buckets[#buckets + 1] = tonumber(name) end
  end
  table.sort(buckets)
  for _, at in ipairs(buckets) do
    excess = excess - redis.call('HGET', state.key, text(at))
    if excess <= 0 then return max(1, (at + PARTS) * state.width - state.newest) end
  end
  return -1
end

local function draw(needs)
  for position, need in ipairs(needs) do
    local state, units = states[need[1] + 1], need[2]
    if state.owners then
      if state.total + units > state.most then return {position - 1, 0} end
    else
      local waiting = wait(state, units)
      if waiting ~= 0 then return {position - 1, waiting} end
    end
  end
  for _, need in ipairs(needs) do
    local state, units = states[need[1] + 1], need[2]
    if state.owners then
      state.total, state.held = state.total + units, state.held + units
    else
      enter(state, bucket(state, 0), units)
    end
  end
  return {-1, 0}
end

local drawn = {}
for i, needs in ipairs(draws) do drawn[i] = draw(needs) end

local function extra_of(state, ahead)
  local free = state.most - state.total
  local extra = min(ahead, floor(free / SHARES))
  if extra > 0 and free - extra > floor(state.most / LEFT_FREE) then return extra end
  return 0
end

local function close_limit(state, counter)
  local extra, ahead = extra_of(state, counter[7]), bucket(state, state.lease)
  if extra > 0 then enter(state, ahead, extra) end
  redis.call('HSET', state.key, 'total', text(state.total), 'first', text(state.first), 'newest', text(state.newest))
  redis.call('EXPIRE', state.key, counter[3] + 5)
  return {state.total, 0, 0, extra, bucket(state, 0), ahead}
end

local function close_budget(state, counter)
  local extra = extra_of(state, counter[7])
  state.total, state.held = state.total + extra, state.held + extra
  redis.call('HSET', state.key, 'settled', text(state.settled), 'revision', text(state.revision),
    'touched', text(state.touched), 'o:' .. owner, cmsgpack.pack({state.held, number, state.touched + OWNER_LASTS}))
  redis.call('PEXPIRE', state.key, OWNER_LASTS / 1000)
  redis.call('SADD', KEYS[2], counter[1])
  redis.call('PEXPIRE', KEYS[2], OWNER_LASTS / 1000)
  return {state.total, state.settled, state.held, extra, 0, 0}
end

local levels = {}
for i, counter in ipairs(counters) do
  local close = counter[3] > 0 and close_limit or close_budget
  levels[i] = close(states[i], counter)
end
return cmsgpack.pack({life, false, drawn, levels})
