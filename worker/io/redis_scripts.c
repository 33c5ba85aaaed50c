#include "worker/io/redis_scripts.h"

/* Lua's numbers are doubles: exact up to 2^53, µs until the year 2255. They are written with %.0f,
 * as tostring() would round. */
#define CLOCK                                        \
    "local clock = redis.call('TIME')\n"             \
    "local micros = clock[1] * 1000000 + clock[2]\n" \
    "local now = math.floor(micros / 1000)\n"        \
    "local function text(number) return string.format('%.0f', number) end\n"

static const char claim[] = CLOCK
    "local owner, lease, keep, hash, origin, replay = unpack(ARGV)\n"
    "local function answer(word, more)\n"
    "  return {word, more.fence or '0', more.held or '0', more.intent or '0', text(now),\n"
    "          more.cid or '', more.res or '', more.org or ''}\n"
    "end\n"
    "if redis.call('EXISTS', KEYS[2]) == 1 then return answer('interlock', {}) end\n"
    "local names = {'v', 'st', 'own', 'fen', 'lease', 'hash', 'at', 'mark', 'cid', 'res', 'out',\n"
    "               'org'}\n"
    "local values, was = redis.call('HMGET', KEYS[1], unpack(names)), {}\n"
    "for i, name in ipairs(names) do was[name] = values[i] end\n"
    "if was.st and was.v ~= '1' then return answer('version', {}) end\n"
    "local ends = tonumber(was.lease or 0)\n"
    "local fence = text(math.max(tonumber(was.fen or 0) + 1, micros))\n"
    "local function hold(...)\n"
    "  redis.call('HSET', KEYS[1], 'own', owner, 'fen', fence, 'lease', text(now + lease), ...)\n"
    "  redis.call('PEXPIRE', KEYS[1], text(math.max(keep, 2 * lease)))\n"
    "end\n"
    "local function begin(word)\n"
    "  hold('v', '1', 'st', 'claimed', 'hash', hash, 'at', text(now))\n"
    "  redis.call('HDEL', KEYS[1], 'mark', 'cid', 'res', 'out', 'org')\n"
    "  return answer(word, {fence = fence})\n"
    "end\n"
    "local function resume()\n"
    "  local intent = was.mark or was.at or text(now)\n"
    "  hold('st', 'marked', 'mark', intent)\n"
    "  redis.call('HDEL', KEYS[1], 'res', 'out', 'org')\n"
    "  return answer('interrupted', {fence = fence, intent = intent, cid = was.cid})\n"
    "end\n"
    "if not was.st then return begin('new') end\n"
    "local same = was.hash == hash\n"
    "local mine = was.own == owner or ends <= now\n"
    "if was.st == 'done' then\n"
    "  local seen = answer('seen', {res = was.res, org = was.org})\n"
    "  if was.org == origin then return seen end\n"
    "  if was.out == 'failed' or was.out == 'expired' then return begin('new') end\n"
    "  if same and was.out == 'unknown' and replay == '1' then return resume() end\n"
    "  if same then return seen end\n"
    "  if was.out == 'rejected' or was.out == 'validated' then return begin('new') end\n"
    "  return answer('conflict', {})\n"
    "end\n"
    "if was.st == 'claimed' and mine then return begin('taken') end\n"
    "if was.st == 'marked' and same and mine then return resume() end\n"
    "if ends > now then return answer('held', {held = text(ends - now)}) end\n"
    "return answer('conflict', {})\n";

static const char mark[] =
    CLOCK "local owner, lease, keep, fence, cid = unpack(ARGV)\n"
          "if redis.call('EXISTS', KEYS[2]) == 1 then return {'interlock', '0'} end\n"
          "local was = redis.call('HMGET', KEYS[1], 'st', 'own', 'fen', 'mark')\n"
          "local open = was[1] == 'claimed' or was[1] == 'marked'\n"
          "if not open or was[2] ~= owner or was[3] ~= fence then return {'lost', '0'} end\n"
          "local first = was[4] or text(now)\n"
          "redis.call('HSET', KEYS[1], 'st', 'marked', 'mark', first, 'cid', cid,\n"
          "           'lease', text(now + lease))\n"
          "redis.call('PEXPIRE', KEYS[1], text(math.max(keep, 2 * lease)))\n"
          "return {'ok', first}\n";

static const char record[] = CLOCK
    "local owner, keep, fence, hash, cid, intent, res, out, org = unpack(ARGV)\n"
    "local was = redis.call('HMGET', KEYS[1], 'st', 'own', 'fen', 'cid', 'out', 'org', 'mark')\n"
    "local st = was[1]\n"
    "local mine = was[2] == owner and was[3] == fence\n"
    "if st == 'marked' and cid ~= '' and was[4] == cid then mine = true end\n"
    "if st and not mine then\n"
    "  return {st == 'done' and was[6] == org and 'ok' or 'lost'}\n"
    "end\n"
    "if st == 'done' and out == 'unknown' and was[5] ~= out then return {'lost'} end\n"
    "redis.call('HSET', KEYS[1], 'v', '1', 'st', 'done', 'hash', hash, 'res', res, 'out', out,\n"
    "           'org', org)\n"
    "if not st then redis.call('HSET', KEYS[1], 'own', owner, 'fen', fence, 'at', text(now)) end\n"
    "if cid ~= '' then redis.call('HSET', KEYS[1], 'cid', cid) end\n"
    "if intent ~= '0' and not was[7] then redis.call('HSET', KEYS[1], 'mark', intent) end\n"
    "redis.call('PEXPIRE', KEYS[1], keep)\n"
    "return {'ok'}\n";

static const char release[] =
    "local was = redis.call('HMGET', KEYS[1], 'st', 'own', 'fen')\n"
    "local open = was[1] == 'claimed' or was[1] == 'marked'\n"
    "if not open or was[2] ~= ARGV[1] or was[3] ~= ARGV[2] then return {'lost'} end\n"
    "redis.call('DEL', KEYS[1])\n"
    "return {'ok'}\n";

/* What a missing right would leave behind has been given a time to end. HDEL of the last field
 * deletes the key. */
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
                            "return {'ok'}\n";

const char *redis_script_text(enum redis_script script)
{
    static const char *const texts[REDIS_SCRIPT_COUNT] = {
        [REDIS_CLAIM] = claim,     [REDIS_MARK] = mark,   [REDIS_RECORD] = record,
        [REDIS_RELEASE] = release, [REDIS_PROBE] = probe,
    };
    return texts[script];
}
