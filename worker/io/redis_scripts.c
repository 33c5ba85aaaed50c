#include "worker/io/redis_scripts.h"

/* Lua's numbers are doubles: exact up to 2^53, µs until the year 2255. They are written with %.0f,
 * as tostring() would round. */
#define CLOCK                                        \
    "local clock = redis.call('TIME')\n"             \
    "local micros = clock[1] * 1000000 + clock[2]\n" \
    "local now = math.floor(micros / 1000)\n"        \
    "local function text(number) return string.format('%.0f', number) end\n"

/* What Redis is asked first: does the interlock stand, is this the Redis of the witness and of what
 * the worker knows, and has it all that it was told? If not, it gets another id, so that everybody
 * sees the loss for good. Then one more write is counted. */
#define MEMORY                                                                                    \
    "local life = text(math.max(keep, 2 * lease))\n"                                              \
    "local lock, memory, counted, theirs = unpack(redis.call('MGET', unpack(KEYS, 2)))\n"         \
    "local writes = tonumber(counted or '') or 0\n"                                               \
    "local function lost(id, least, found) return memory == id and found < tonumber(least) end\n" \
    "if not memory or #memory ~= #fresh or lost(known, known_writes, writes)\n"                   \
    "    or lost(witness, witness_writes, tonumber(theirs or '') or 0) then\n"                    \
    "  memory = fresh\n"                                                                          \
    "  redis.call('SET', KEYS[3], memory)\n"                                                      \
    "end\n"                                                                                       \
    "writes = text(writes + 1)\n"                                                                 \
    "redis.call('SET', KEYS[4], writes, 'PX', life)\n"

static const char claim[] = CLOCK
    "local owner, lease, keep, hash, origin, replay, run, fresh, witness, witness_writes, known,\n"
    "      known_writes = unpack(ARGV)\n" MEMORY
    "local forgot = witness ~= '' and memory ~= witness and '1' or '0'\n"
    "local function answer(word, more)\n"
    "  return {word, more.fence or '0', more.held or '0', more.intent or '0', text(now),\n"
    "          more.cid or '', more.res or '', more.org or '', more.crash or '0', memory, writes,\n"
    "          forgot}\n"
    "end\n"
    "if lock then return answer('interlock', {}) end\n"
    "local names = {'v', 'st', 'own', 'fen', 'lease', 'hash', 'at', 'mark', 'cid', 'res', 'out',\n"
    "               'org', 'run', 'crash'}\n"
    "local values, was = redis.call('HMGET', KEYS[1], unpack(names)), {}\n"
    "for i, name in ipairs(names) do was[name] = values[i] end\n"
    "if was.st and was.v ~= '1' then return answer('version', {}) end\n"
    "local ends = tonumber(was.lease or 0)\n"
    "local fence = text(math.max(tonumber(was.fen or 0) + 1, micros))\n"
    "local crash = '0'\n"
    "local function take_over()\n"
    "  local died = was.run and was.run ~= '' and was.run ~= run\n"
    "  crash = text(tonumber(was.crash or 0) + (died and 1 or 0))\n"
    "end\n"
    "local function hold(...)\n"
    "  redis.call('HSET', KEYS[1], 'own', owner, 'fen', fence, 'lease', text(now + lease),\n"
    "             'run', run, 'crash', crash, ...)\n"
    "  redis.call('PEXPIRE', KEYS[1], life)\n"
    "end\n"
    "local function begin(word)\n"
    "  hold('v', '1', 'st', 'claimed', 'hash', hash, 'at', text(now))\n"
    "  redis.call('HDEL', KEYS[1], 'mark', 'cid', 'res', 'out', 'org')\n"
    "  return answer(word, {fence = fence, crash = crash})\n"
    "end\n"
    "local function resume()\n"
    "  local intent = was.mark or was.at or text(now)\n"
    "  hold('st', 'marked', 'mark', intent)\n"
    "  redis.call('HDEL', KEYS[1], 'res', 'out', 'org')\n"
    "  return answer('interrupted',\n"
    "                {fence = fence, intent = intent, cid = was.cid, crash = crash})\n"
    "end\n"
    "if replay == '1' and (not was.st or was.st == 'claimed') then forgot = '1' end\n"
    "if not was.st then return begin('new') end\n"
    "local same = was.hash == hash\n"
    "local mine = was.own == owner or ends <= now\n"
    "if was.st == 'done' then\n"
    "  if same and replay ~= '1' then crash = was.crash or '0' end\n"
    "  local seen = answer('seen', {res = was.res, org = was.org})\n"
    "  if was.org == origin then return seen end\n"
    "  if was.out == 'failed' or was.out == 'expired' then return begin('new') end\n"
    "  if same and was.out == 'unknown' and replay == '1' then return resume() end\n"
    "  if same then return seen end\n"
    "  if was.out == 'rejected' or was.out == 'validated' then return begin('new') end\n"
    "  return answer('conflict', {})\n"
    "end\n"
    "take_over()\n"
    "if was.st == 'claimed' and mine then return begin('taken') end\n"
    "if was.st == 'marked' and same and mine then return resume() end\n"
    "if ends > now then return answer('held', {held = text(ends - now)}) end\n"
    "return answer('conflict', {})\n";

static const char mark[] =
    CLOCK "local owner, lease, keep, fence, cid, hint, fresh, known, known_writes = unpack(ARGV)\n"
          "local witness, witness_writes = '', '0'\n" MEMORY
          "local function answer(word, intent) return {word, intent, memory, writes} end\n"
          "if lock then return answer('interlock', '0') end\n"
          "local was = redis.call('HMGET', KEYS[1], 'st', 'own', 'fen', 'mark')\n"
          "local open = was[1] == 'claimed' or was[1] == 'marked'\n"
          "if not open or was[2] ~= owner or was[3] ~= fence then return answer('lost', '0') end\n"
          "local first = was[4] or (hint ~= '0' and hint or text(now))\n"
          "redis.call('HSET', KEYS[1], 'st', 'marked', 'mark', first, 'cid', cid,\n"
          "           'lease', text(now + lease))\n"
          "redis.call('PEXPIRE', KEYS[1], life)\n"
          "return answer('ok', first)\n";

static const char record[] = CLOCK
    "local owner, keep, fence, hash, cid, intent, res, out, org, entry, delay, most, life =\n"
    "      unpack(ARGV)\n"
    "local was = redis.call('HMGET', KEYS[1], 'st', 'own', 'fen', 'cid', 'out', 'org', 'mark',\n"
    "                       'v', 'hash')\n"
    "local st = was[1]\n"
    "local mine = was[2] == owner and was[3] == fence\n"
    "if st == 'marked' and cid ~= '' and was[4] == cid then mine = true end\n"
    "if st == 'claimed' and out == 'submitted' and was[9] == hash then mine = true end\n"
    "if st and was[8] ~= '1' then return {'lost'} end\n"
    "if st and not mine then\n"
    "  return {st == 'done' and was[6] == org and was[5] == out and 'ok' or 'lost'}\n"
    "end\n"
    "local sent = out == 'submitted' or out == 'existing' or out == 'unknown'\n"
    "if not st and not sent then return {'lost'} end\n"
    "if st == 'done' and out == 'unknown' and was[5] ~= out then return {'lost'} end\n"
    "redis.call('HSET', KEYS[1], 'v', '1', 'st', 'done', 'hash', hash, 'res', res, 'out', out,\n"
    "           'org', org)\n"
    "if not st then redis.call('HSET', KEYS[1], 'own', owner, 'fen', fence, 'at', text(now)) end\n"
    "if cid ~= '' then redis.call('HSET', KEYS[1], 'cid', cid) end\n"
    "if intent ~= '0' and not was[7] then redis.call('HSET', KEYS[1], 'mark', intent) end\n"
    "redis.call('PEXPIRE', KEYS[1], keep)\n"
    "if not KEYS[2] or (was[5] == out and was[6] == org) then return {'ok'} end\n"
    "if redis.call('HLEN', KEYS[3]) >= tonumber(most) then return {'full'} end\n"
    "redis.call('HSET', KEYS[3], org, entry)\n"
    "redis.call('ZADD', KEYS[2], text(now + delay), org)\n"
    "for i = 2, 3 do redis.call('PEXPIRE', KEYS[i], life) end\n"
    "return {'ok'}\n";

static const char release[] =
    "local owner, fence, how = unpack(ARGV)\n"
    "local was = redis.call('HMGET', KEYS[1], 'st', 'own', 'fen')\n"
    "local open = was[1] == 'claimed' or was[1] == 'marked'\n"
    "if not open or was[2] ~= owner or was[3] ~= fence then return {'lost'} end\n"
    "if how == 'yield' then\n"
    "  redis.call('HSET', KEYS[1], 'lease', '0', 'run', '')\n"
    "else\n"
    "  redis.call('DEL', KEYS[1])\n"
    "end\n"
    "return {'ok'}\n";

static const char share[] = CLOCK
    "local owner, run, belief, demand, life, writes, reads = unpack(ARGV)\n"
    "local stored = redis.call('MGET', KEYS[1])[1] or ''\n"
    "local function closed(until_then, more)\n"
    "  more = tonumber(more) > 0 and now + tonumber(more) or 0\n"
    "  return math.min(math.max(tonumber(until_then or '') or 0, more, now), now + 600000)\n"
    "end\n"
    "local no_writes, no_reads = string.match(stored, '^(%d+) (%d+);')\n"
    "no_writes, no_reads = closed(no_writes, writes), closed(no_reads, reads)\n"
    "local rate, need, taken, kept = tonumber(belief), tonumber(demand), 0, ''\n"
    "local needs = {need}\n"
    "for all, id, least, wants, has, ends in\n"
    "    string.gmatch(stored, '((%x+) (%d+) (%d+) (%d+) (%d+);)') do\n"
    "  if id ~= run and tonumber(ends) > now then\n"
    "    kept = kept .. all\n"
    "    rate = math.min(rate, tonumber(least))\n"
    "    taken = taken + tonumber(has)\n"
    "    needs[#needs + 1] = tonumber(wants)\n"
    "  end\n"
    "end\n"
    "table.sort(needs)\n"
    "local left, even = rate, nil\n"
    "for i, wants in ipairs(needs) do\n"
    "  if wants >= left / (#needs - i + 1) then\n"
    "    even = left / (#needs - i + 1)\n"
    "    break\n"
    "  end\n"
    "  left = left - wants\n"
    "end\n"
    "local grant = even and math.min(need, even) or need + left / #needs\n"
    "grant = math.floor(math.min(grant, rate - taken))\n"
    "if grant < rate / 100 then grant = 0 end\n"
    "local mine = {run, belief, demand, text(grant), text(now + tonumber(life))}\n"
    "stored = text(no_writes) .. ' ' .. text(no_reads) .. ';' .. kept ..\n"
    "         table.concat(mine, ' ') .. ';'\n"
    "redis.call('SET', KEYS[1], stored, 'PX',\n"
    "           text(math.max(tonumber(life), no_writes - now, no_reads - now)))\n"
    "return {text(grant), text(rate), text(no_writes - now), text(no_reads - now), text(#needs)}\n";

static const char follow_take[] = CLOCK
    "local owner, lease, room, rate = unpack(ARGV)\n"
    "local taken = {text(redis.call('HLEN', KEYS[3])), text(now)}\n"
    "local function take(key, most)\n"
    "  local due = redis.call('ZRANGEBYSCORE', key, '-inf', text(now), 'LIMIT', 0, text(most))\n"
    "  for _, name in ipairs(due) do\n"
    "    local entry, ends = redis.call('HMGET', KEYS[3], name)[1], text(now + lease)\n"
    "    if entry then\n"
    "      redis.call('ZADD', key, ends, name)\n"
    "      for _, value in ipairs({name, ends, entry}) do table.insert(taken, value) end\n"
    "    else\n"
    "      redis.call('ZREM', key, name)\n"
    "    end\n"
    "  end\n"
    "  return #due\n"
    "end\n"
    "local left = room - take(KEYS[2], tonumber(room))\n"
    "local step = 1000000 / rate\n"
    "local used = tonumber(redis.call('MGET', KEYS[4])[1] or '') or 0\n"
    "used = math.max(used, micros - 1000000)\n"
    "local looks = math.min(left, math.floor((micros - used) / step))\n"
    "if looks > 0 then\n"
    "  used = used + take(KEYS[1], looks) * step\n"
    "  redis.call('SET', KEYS[4], text(used), 'PX', 2000)\n"
    "end\n"
    "return taken\n";

static const char follow_put[] =
    CLOCK "local owner, name, held, delay, entry, life = unpack(ARGV)\n"
          "local key = redis.call('ZSCORE', KEYS[2], name) and KEYS[2] or KEYS[1]\n"
          "local ends = redis.call('ZSCORE', key, name)\n"
          "if not ends or tonumber(ends) ~= tonumber(held) then return {'lost', '0'} end\n"
          "if delay == 'done' then\n"
          "  redis.call('ZREM', key, name)\n"
          "  redis.call('HDEL', KEYS[3], name)\n"
          "  return {'ok', '0'}\n"
          "end\n"
          "local due = text(now + delay)\n"
          "if entry ~= '' then redis.call('HSET', KEYS[3], name, entry) end\n"
          "redis.call('ZADD', key, due, name)\n"
          "redis.call('PEXPIRE', key, life)\n"
          "redis.call('PEXPIRE', KEYS[3], life)\n"
          "return {'ok', due}\n";

/* What a missing right would leave behind has been given a time to end. HDEL of the last field
 * deletes the key. The memory stays as it is: written again, or deleted where there is none. */
static const char probe[] = "redis.call('TIME')\n"
                            "redis.call('EXISTS', KEYS[2])\n"
                            "redis.call('DEL', KEYS[1])\n"
                            "redis.call('SET', KEYS[1], '', 'PX', 1000)\n"
                            "redis.call('PEXPIRE', KEYS[1], 1000)\n"
                            "redis.call('DEL', KEYS[1])\n"
                            "redis.call('HSET', KEYS[1], 'v', '1')\n"
                            "redis.call('PEXPIRE', KEYS[1], 1000)\n"
                            "redis.call('HMGET', KEYS[1], 'v')\n"
                            "redis.call('HDEL', KEYS[1], 'v')\n"
                            "redis.call('MGET', KEYS[5])\n"
                            "local memory = redis.call('MGET', unpack(KEYS, 2, 4))[2]\n"
                            "redis.call('SET', KEYS[4], '', 'PX', 1000)\n"
                            "redis.call('DEL', KEYS[4])\n"
                            "if memory then\n"
                            "  redis.call('SET', KEYS[3], memory)\n"
                            "else\n"
                            "  redis.call('DEL', KEYS[3])\n"
                            "end\n"
                            "if KEYS[6] then\n"
                            "  redis.call('ZADD', KEYS[6], 1, 'a')\n"
                            "  redis.call('PEXPIRE', KEYS[6], 1000)\n"
                            "  redis.call('ZSCORE', KEYS[6], 'a')\n"
                            "  redis.call('ZRANGEBYSCORE', KEYS[6], 1, 2)\n"
                            "  redis.call('ZREM', KEYS[6], 'a')\n"
                            "  redis.call('HLEN', KEYS[6])\n"
                            "end\n"
                            "return {'ok'}\n";

const char *redis_script_text(enum redis_script script)
{
    static const char *const texts[REDIS_SCRIPT_COUNT] = {
        [REDIS_CLAIM] = claim,           [REDIS_MARK] = mark,   [REDIS_RECORD] = record,
        [REDIS_RELEASE] = release,       [REDIS_SHARE] = share, [REDIS_FOLLOW_TAKE] = follow_take,
        [REDIS_FOLLOW_PUT] = follow_put, [REDIS_PROBE] = probe,
    };
    return texts[script];
}
