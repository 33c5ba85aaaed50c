#!/usr/bin/env python3
"""Lays our strict JSON reader (worker/core/json_gate.c, json_read.c, cJSON) beside Python's.

usage: tests/fuzz/differential.py [--seconds N] [--seed N] [--batches N]
Makes JSON texts from a seed (a grammar, then mutations; mutations of the fuzz targets' corpora),
and asks both readers of each. Python's json.loads() is made as strict as json_gate.h says that ours
is, in words of its own below: rules(). They must agree on every text, on the value to the last bit,
and, where a text is JSON and only one of our own rules forbids it, on which. Exits with 1 where
they do not, and prints the text. Nothing is shared but the texts. USHER_BUILD: where gate_verdicts
is.
"""
import argparse
import json
import math
import os
import random
import struct
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOOL = Path(os.environ.get("USHER_BUILD", "build/dev")) / "tests/fuzz/gate_verdicts"
BATCH = 4000  # texts; one run of the tool
BYTES_MAX, DEPTH_MAX, NUMBER_MAX, INTEGER_MAX = 1 << 20, 32, 63, 2**53 - 1
WORDS = [b"{", b"}", b"[", b"]", b":", b",", b'"', b"\\", b"\\u", b"\\u0000", b"\\ud83d",
         b"\\ude00", b"\\u0061", b"\\x", b"null", b"true", b"false", b"NaN", b"Infinity",
         b"-Infinity", b"0", b"-", b"+", b".", b"e", b"E+", b"1e999", b"01", b"9007199254740991",
         b"9007199254740992", b" ", b"\t", b"\n", b"\r", b"\0", b"\x01", b"\x0b", b"\x7f",
         b"\xa0", b"\xc2\xa0", b"\xef\xbb\xbf", b"\xc0\x80", b"\xe0\x80\x80", b"\xed\xa0\x80",
         b"\xf0\x9f\x98\x80", b"\xf4\x90\x80\x80", b"\xff", b"/", b"//", b"'", b"\xe2\x80\xa8",
         b"\xd9\xa1", b"\xc5\xbf", b"[" * 33, b"\x1f\x8b"]


class Refused(Exception):
    """Not JSON as RFC 8259 has it, or not in UTF-8."""


def refuse(_):
    raise Refused


def rules(text):
    """(value, rules that are broken); Refused where it is no JSON at all."""
    broken = set()

    def number(digits):
        if len(digits) > NUMBER_MAX or not math.isfinite(float(digits)):
            broken.add("invalidNumber")
        return float(digits)

    def integer(digits):
        if len(digits) <= NUMBER_MAX and abs(int(digits)) > INTEGER_MAX:
            broken.add("unsafeInteger")
        return number(digits)

    def pairs(members):
        names = [name for name, _ in members]
        if len(set(names)) != len(names):
            broken.add("duplicateMember")
        return members, None  # a pair is an object, a list is an array

    def walk(value, depth):
        if isinstance(value, str):
            if "\0" in value:
                broken.add("nulEscape")
            if any("\ud800" <= c <= "\udfff" for c in value):
                broken.add("loneSurrogate")
        elif isinstance(value, (list, tuple)):
            if depth == DEPTH_MAX:
                broken.add("tooDeep")
            members = value if isinstance(value, list) else value[0]
            for member in members:
                if isinstance(value, tuple):
                    walk(member[0], depth + 1)
                walk(member[1] if isinstance(value, tuple) else member, depth + 1)

    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=pairs, parse_float=number,
                           parse_int=integer, parse_constant=refuse)
        walk(value, 0)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise Refused from error
    if len(text) > BYTES_MAX:
        broken = {"tooLarge"}
    return value, broken


def dump(value):
    """As gate_verdicts.c prints it."""
    if value is None or isinstance(value, bool):
        return {None: "n", True: "t", False: "f"}[value]
    if isinstance(value, float):
        return "d" + struct.pack(">d", value).hex()
    if isinstance(value, str):
        return "s" + value.encode().hex() + ";"
    if isinstance(value, tuple):
        return "{" + "".join(dump(name) + dump(member) for name, member in value[0]) + "}"
    return "[" + "".join(map(dump, value)) + "]"


def disagreement(text, verdict):
    """What is wrong with our reader's verdict of the text; None: nothing."""
    try:
        value, broken = rules(text)
    except Refused:
        return "Python refuses it" if verdict[0] == "+" else None
    if broken:
        if verdict[0] == "+":
            return f"it breaks {', '.join(sorted(broken))}"
        return None if verdict[1:] in broken else f"it breaks only {', '.join(sorted(broken))}"
    if verdict[0] == "-":
        return "Python reads it, and no rule forbids it"
    return None if verdict[1:] == dump(value) else f"Python reads +{dump(value)}"


# ---- texts -------------------------------------------------------------------------------------

class Texts:
    def __init__(self, seed, corpora):
        self.random = random.Random(seed)
        self.corpora = corpora

    def space(self):
        return self.random.choice(["", "", "", "", " ", "\n", "\t", "\r", "  \n"])

    def character(self):
        kind = self.random.random()
        if kind < 0.6:
            return self.random.choice("abcXYZ019 _-/{}[]:,é€😀\u2028\x7f")
        if kind < 0.8:
            return "\\" + self.random.choice('"\\/bfnrt')
        unit = self.random.choice([0x41, 0xE9, 0x20AC, 0xFFFF, 0xD7FF, 0xE000, 1, 0x1F,
                                   self.random.randrange(1, 0xD800)])
        escape = self.random.choice(["\\u%04x", "\\u%04X"])
        if kind < 0.9:
            return escape % unit
        high, low = self.random.randrange(0xD800, 0xDC00), self.random.randrange(0xDC00, 0xE000)
        if kind < 0.98:
            return escape % high + escape % low
        return escape % self.random.choice([0, high, low])

    def string(self):
        size = self.random.choice([0, 1, 1, 2, 3, 5, 8, 20])
        return '"' + "".join(self.character() for _ in range(size)) + '"'

    def digits(self, most):
        size = self.random.randint(1, most)
        return "".join(self.random.choice("0123456789") for _ in range(size))

    def number(self):
        kind = self.random.random()
        if kind < 0.1:
            near = self.random.choice([2**53, 10**15, 10**16, 2**63, 2**64])
            return str(self.random.choice([1, -1]) * (near + self.random.randint(-3, 3)))
        whole = self.random.choice(["0", str(self.random.randint(1, 9)) + self.digits(12)[1:]])
        text = self.random.choice(["", "", "-"]) + whole
        if kind < 0.5:
            text += "." + self.digits(self.random.choice([1, 3, 17, 40, 70]))
        if kind > 0.3 and kind < 0.6:
            text += self.random.choice("eE") + self.random.choice(["", "+", "-"])
            text += self.digits(self.random.choice([1, 2, 3, 4]))
        return text

    def value(self, depth):
        kind = self.random.random()
        if depth <= 0 or kind < 0.45:
            return self.random.choice([self.string, self.number,
                                       lambda: self.random.choice(["null", "true", "false"])])()
        count = self.random.choice([0, 1, 1, 2, 3, 4, 20 if depth < 3 else 5])
        items = []
        for _ in range(count):
            item = self.space() + self.value(depth - 1) + self.space()
            if kind < 0.8:
                item = self.space() + self.string() + self.space() + ":" + item
            items.append(item)
        inside = ",".join(items) or self.space()
        return "{" + inside + "}" if kind < 0.8 else "[" + inside + "]"

    def nested(self):
        depth = self.random.randint(28, 36)
        opened = [self.random.choice(["[]", '{"a":}']) for _ in range(depth)]
        return ("".join(o[:-1] for o in opened) + self.value(0) +
                "".join(o[-1] for o in reversed(opened)))

    def mutate(self, text):
        at = self.random.randint(0, len(text))
        size = self.random.choice([0, 0, 1, 1, 2, 8])
        kind = self.random.random()
        if kind < 0.4:
            return text[:at] + self.random.choice(WORDS) + text[at + size:]
        if kind < 0.55:
            return text[:at] + text[at + 1:]
        if kind < 0.7:
            return text[:at] + bytes([self.random.randrange(256)]) + text[at + 1:]
        if kind < 0.8:
            return text[:at]
        other = self.random.choice(self.corpora) if kind < 0.9 else text
        start = self.random.randint(0, len(other))
        return text[:at] + other[start:start + self.random.choice([1, 4, 16, 64])] + text[at:]

    def text(self):
        kind = self.random.random()
        if kind < 0.4:
            text = self.random.choice(self.corpora)
        elif kind < 0.45:
            text = self.nested().encode()
        else:
            text = (self.space() + self.value(self.random.randint(0, 5)) + self.space()).encode()
        for _ in range(self.random.choice([0, 0, 0, 1, 1, 2])):
            text = self.mutate(text)
        return text[:65536]


def read_corpora():
    """The inputs of the targets, and what stands behind their first lines: the JSON in them."""
    texts = []
    for path in sorted(HERE.glob("corpus/*/*")):
        text = path.read_bytes()
        texts.append(text)
        texts += [text[at:] for at in (text.find(b"{"), text.find(b"[")) if at > 0]
    return [text for text in texts if len(text) < 8192]


def run_batch(seed, corpora):
    maker = Texts(seed, corpora)
    texts = [maker.text() for _ in range(BATCH)]
    if seed % 50 == 0:
        texts += [b" " * (BYTES_MAX - 1) + b"1", b" " * BYTES_MAX + b"1", b""]
    packed = b"".join(struct.pack("<I", len(text)) + text for text in texts)
    verdicts = subprocess.run([TOOL], input=packed, stdout=subprocess.PIPE, check=True).stdout
    verdicts = verdicts.decode("ascii").split("\n")[:-1]
    assert len(verdicts) == len(texts), "the tool did not answer each text"
    wrong = 0
    for text, verdict in zip(texts, verdicts):
        if why := disagreement(text, verdict):
            wrong += 1
            if wrong <= 5:
                print(f"seed {seed}: {text!r}\n  ours: {verdict}\n  but {why}")
    return len(texts), sum(verdict[0] == "+" for verdict in verdicts), wrong


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n")[2][7:])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--batches", type=int)
    options = parser.parse_args()
    corpora = read_corpora()
    start, seed = time.monotonic(), options.seed
    texts = accepted = wrong = 0
    while (seed - options.seed < options.batches if options.batches is not None
           else time.monotonic() - start < options.seconds):
        counts = run_batch(seed, corpora)
        texts, accepted, wrong = texts + counts[0], accepted + counts[1], wrong + counts[2]
        seed += 1
    print(f"{texts} texts from seed {options.seed}, of them {accepted} JSON by both readers, "
          f"{wrong} disagreements")
    return 1 if wrong or not accepted else 0


sys.exit(main())
