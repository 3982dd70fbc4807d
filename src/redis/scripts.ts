import { createHash } from "node:crypto";
import { deleted, hits, page, tallied, tallies, values, written, type ReadReply } from "./replies.js";

/** A Lua script, called by its hash. */
export interface Script<T> {
  readonly text: string;
  readonly sha: string;
  /** Reads its reply. */
  readonly read: ReadReply<T>;
}

function script<T>(text: string, read: ReadReply<T>): Script<T> {
  return { text, sha: createHash("sha1").update(text).digest("hex"), read };
}

/** A ban counts against the share of its network for so many ms at most, in case that it is deleted by other software. */
const MAX_COUNTED_MS = 30 * 86_400_000;

// KEYS of a write: the key, its index, the prefix of the keys in that index ("" = the index only counts BunkerWeb's keys, which
// are often deleted by other software).
const COMMON = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function text(number) return string.format('%.0f', number) end
local function counted(ttl) return ttl > 0 and math.min(ttl, ${MAX_COUNTED_MS}) or ${MAX_COUNTED_MS} end
local function put(index, score, member)
  redis.call('ZADD', index, score, member)
  local due = redis.call('ZRANGEBYSCORE', index, '-inf', '(' .. text(now), 'LIMIT', 0, 4)
  if #due > 0 then redis.call('ZREM', index, unpack(due)) end
end
local function list(rest, ttl)
  if KEYS[3] == '' then ttl = counted(ttl) end
  put(KEYS[2], ttl > 0 and text(now + ttl) or '+inf', rest)
end
local function full(rest, most, evict, channel)
  if most == 0 or redis.call('ZCARD', KEYS[2]) < most then return false end
  if redis.call('ZSCORE', KEYS[2], rest) then return false end
  local gone = redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. text(now))
  if gone > 0 then return false end
  if not evict then return true end
  local first = redis.call('ZPOPMIN', KEYS[2])[1]
  if redis.call('DEL', KEYS[3] .. first) == 1 then
    redis.call('PUBLISH', channel, cjson.encode({first, 0}))
  end
  return false
end
`;

/**
 * Writes a string. ARGV: rest, value, ttl in ms, channel, change message, max keys (0 = unlimited), "evict" or "", and "set",
 * "add" (only if the key is absent), "restore" (only if it is absent and was not deleted a short time ago) or "increment" (the
 * value is the summand), and how many keys the fifth key may count (0 = any number). For bans, the fourth key has the keys deleted a
 * short time ago, and the fifth has short hashes of the bans of a network, with the times when they end. A sixth key has the marks
 * of bans, as redis/ban-marks.ts reads them, with the times when the bans end; ARGV goes on with the beginning of the ban in ms, how long its
 * mark is needed after its end in ms, and how many marks there may be. Returns {the new value} or 1, 0 = not written, -1 = full,
 * -2 = the fifth key is full.
 */
export const WRITE = script(
  `${COMMON}
local value, ttl, mode = ARGV[2], tonumber(ARGV[3]), ARGV[8]
if (mode == 'add' or mode == 'restore') and redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
if KEYS[4] then
  if mode ~= 'restore' then redis.call('ZREM', KEYS[4], ARGV[1])
  elseif redis.call('ZSCORE', KEYS[4], ARGV[1]) then return 0 end
end
if full(ARGV[1], tonumber(ARGV[6]), ARGV[7] == 'evict', ARGV[4]) then return -1 end
if KEYS[5] then
  local share, network, member = tonumber(ARGV[9]), KEYS[5], string.sub(redis.sha1hex(ARGV[1]), 1, 8)
  if share > 0 and redis.call('ZCARD', network) >= share and not redis.call('ZSCORE', network, member) then
    redis.call('ZREMRANGEBYSCORE', network, '-inf', '(' .. text(now))
    if redis.call('ZCARD', network) >= share then return -2 end
  end
  local left = counted(ttl)
  put(network, text(now + left), member)
  if redis.call('PTTL', network) < left then redis.call('PEXPIRE', network, text(left)) end
end
if mode == 'increment' then
  redis.call('INCRBY', KEYS[1], value)
  value = redis.call('GET', KEYS[1])
  if ttl > 0 then redis.call('PEXPIRE', KEYS[1], ARGV[3]) else redis.call('PERSIST', KEYS[1]) end
elseif ttl > 0 then redis.call('SET', KEYS[1], value, 'PX', ARGV[3])
else redis.call('SET', KEYS[1], value) end
list(ARGV[1], ttl)
if KEYS[6] and ttl > 0 then
  local marks, keep = KEYS[6], tonumber(ARGV[11])
  redis.call('ZADD', marks, text(now + ttl), ARGV[1] .. '\\n' .. ARGV[10] .. '\\n' .. ARGV[11])
  local due = redis.call('ZRANGEBYSCORE', marks, '-inf', text(now - keep), 'WITHSCORES', 'LIMIT', 0, 4)
  for at = 1, #due, 2 do
    if due[at + 1] + string.match(due[at], '%d+$') < now then redis.call('ZREM', marks, due[at]) end
  end
  if redis.call('ZCARD', marks) > tonumber(ARGV[12]) then redis.call('ZPOPMIN', marks) end
  if redis.call('PTTL', marks) < ttl + keep then redis.call('PEXPIRE', marks, text(ttl + keep)) end
end
redis.call('PUBLISH', ARGV[4], ARGV[5] .. '\\n' .. value)
return mode == 'increment' and {value} or 1
`,
  written,
);

/**
 * Records a hit in a list of "<µs>:<weight>" or "<µs>:<weight>:<note>", oldest first. ARGV: rest, window in ms, limit, weight,
 * ":<note>" or "", max keys, "evict" or "", channel. An optional fourth key is a counter shared with BunkerWeb: each hit adds
 * to it, what leaves the window is subtracted, and the larger count is returned. Returns the count and the notes, or -1 = full.
 */
export const HIT = script(
  `${COMMON}
if full(ARGV[1], tonumber(ARGV[6]), ARGV[7] == 'evict', ARGV[8]) then return -1 end
local window = tonumber(ARGV[2])
local at = clock[1] * 1000000 + clock[2]
local function time(hit) return tonumber(string.match(hit, '^%d+')) end
local last = redis.call('LINDEX', KEYS[1], -1)
if last then at = math.max(at, time(last)) end
redis.call('RPUSH', KEYS[1], text(at) .. ':' .. ARGV[4] .. ARGV[5])
local over = 0
local function drop() over = over + string.match(redis.call('LPOP', KEYS[1]), '^%d+:(%d+)') end
for _ = 1, redis.call('LLEN', KEYS[1]) - tonumber(ARGV[3]) do drop() end
while time(redis.call('LINDEX', KEYS[1], 0)) + window * 1000 <= at do drop() end
redis.call('PEXPIRE', KEYS[1], text(math.ceil(window)))
list(ARGV[1], window)
local found = {0}
for _, hit in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local weight, note = string.match(hit, '^%d+:(%d+):?(.*)$')
  found[1] = found[1] + weight
  if string.find(hit, '^%d+:%d+:') then found[#found + 1] = note end
end
if KEYS[4] then
  local shared = redis.call('INCRBY', KEYS[4], ARGV[4] - over)
  if shared > 0 then redis.call('PEXPIRE', KEYS[4], text(math.ceil(window))) else redis.call('DEL', KEYS[4]) end
  found[1] = math.max(found[1], shared)
end
return found
`,
  hits,
);

/** How long the number of a caller's last tally is remembered, in ms. */
const CALLER_MS = 3_600_000;

/**
 * Adds to the counters of a hash. The fourth key has the number of the caller's last call about this key. ARGV: rest, ttl in ms, the
 * most counters, max keys, "evict" or "", channel, the number of the call, then names and summands. Returns 1, 0 = it was carried out
 * before, -1 = full.
 */
export const TALLY = script(
  `${COMMON}
local last = redis.call('GET', KEYS[4])
if last and tonumber(last) >= tonumber(ARGV[7]) then return 0 end
if full(ARGV[1], tonumber(ARGV[4]), ARGV[5] == 'evict', ARGV[6]) then return -1 end
local size, ttl = redis.call('HLEN', KEYS[1]), tonumber(ARGV[2])
for at = 8, #ARGV, 2 do
  local name = ARGV[at]
  if redis.call('HEXISTS', KEYS[1], name) == 0 then
    if size >= tonumber(ARGV[3]) then name = string.match(name, '^[^|]*') else size = size + 1 end
  end
  redis.call('HINCRBY', KEYS[1], name, ARGV[at + 1])
end
if ttl > 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) else redis.call('PERSIST', KEYS[1]) end
list(ARGV[1], ttl)
redis.call('SET', KEYS[4], ARGV[7], 'PX', ${CALLER_MS})
return 1
`,
  tallied,
);

/** Reads the counters of hashes: returns an array of names and numbers for each key, empty if it is absent or no hash. */
export const TALLIES = script(
  `
local found = {}
for at, key in ipairs(KEYS) do
  local fields = redis.pcall('HGETALL', key)
  found[at] = fields.err and {} or fields
end
return found
`,
  tallies,
);

/** How long a deleted key is remembered, in ms, and how many of them in one bucket. */
const DELETED_MS = 900_000;
const MAX_DELETED = 1000;

/**
 * Deletes a key. ARGV: rest, channel, change message. For bans, the fourth key remembers for a while what was deleted, and the
 * fifth counts the bans of a network. Returns the number of deleted keys.
 */
export const DELETE = script(
  `
local gone = redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
if KEYS[4] then
  redis.call('ZREM', KEYS[5], string.sub(redis.sha1hex(ARGV[1]), 1, 8))
  local now = redis.call('TIME')[1] * 1000
  redis.call('ZADD', KEYS[4], now, ARGV[1])
  redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', string.format('%.0f', now - ${DELETED_MS}))
  redis.call('ZREMRANGEBYRANK', KEYS[4], 0, -${MAX_DELETED + 1})
  redis.call('PEXPIRE', KEYS[4], ${DELETED_MS})
end
if gone == 1 then redis.call('PUBLISH', ARGV[2], ARGV[3]) end
return gone
`,
  deleted,
);

/**
 * Reads a page of an index. KEYS: index, the prefix of its keys. ARGV: cursor, pattern ("" = any), page size, and "keys",
 * "values" or "heads" (of bans without their evidence, which comes last). Returns the next cursor, then for each key its rest,
 * ms left (-1 = for ever) and value (nil if it is not a string, or not asked).
 */
export const PAGE = script(
  `
local match = ARGV[2] ~= '' and {'MATCH', ARGV[2]} or {}
local page = redis.call('ZSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[3], unpack(match))
local found, gone, size, what = {page[1]}, {}, 1, ARGV[4]
local function read(key)
  local value = redis.pcall('GET', key)
  return type(value) ~= 'table' and value
end
local function cut(text)
  local at = string.find(text, ',"reason_data":', 1, true)
  local before = at and string.find(text, ',"permanent":', 1, true)
  return before and before < at and string.sub(text, 1, at - 1) .. '}'
end
local function head(key)
  local start = redis.pcall('GETRANGE', key, 0, 255)
  if type(start) == 'table' then return false end
  local short = cut(start)
  if short or #start < 256 then return short or start end
  local text = read(key)
  return cut(text) or text
end
for at = 1, #page[2], 2 do
  local rest = page[2][at]
  local key = KEYS[2] .. rest
  local left = redis.call('PTTL', key)
  if left == -2 then
    gone[#gone + 1] = rest
  else
    found[size + 1] = rest
    found[size + 2] = left
    found[size + 3] = what == 'values' and read(key) or what == 'heads' and head(key)
    size = size + 3
  end
end
if #gone > 0 and #gone < 4000 then redis.pcall('ZREM', KEYS[1], unpack(gone)) end
return found
`,
  page,
);

/** Reads strings: returns for each key the ms left (-1 = for ever, -2 = absent) and the value. */
export const READ = script(
  `
local found = {}
for _, key in ipairs(KEYS) do
  local value = redis.pcall('GET', key)
  if type(value) == 'table' then value = false end
  found[#found + 1] = value and redis.call('PTTL', key) or -2
  found[#found + 1] = value
end
return found
`,
  values,
);

/** Writes and deletes a key, to check that Redis accepts writes. */
export const PROBE = script(
  `
redis.call('SET', KEYS[1], '1', 'PX', 10000)
return redis.call('DEL', KEYS[1])
`,
  deleted,
);
