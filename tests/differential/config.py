#!/usr/bin/env python3
"""Compares how canbus and python-can 4.6.1 find a bus's configuration.

Run it with a python that has python-can 4.6.1:

    config.py --canbus-example target/debug/examples/show_config [--random N] [--seed N]

Each case gets a home folder of its own in a temporary place, and an environment of its own. It
runs `can.util.load_config` and the example `show_config` there, in a process each, and compares what
they find. Some hundred random configuration files follow. Nothing outside the temporary folder is
written. Where something called /etc/can.conf exists, both sides read it.

python-can's `timing` object is compared as the keys that it was made of, which canbus keeps as
options; a `BusState` by its name; lists and objects from JSON in the form that canbus gives them.

Deliberate differences. A case that shows one says what canbus is to find (`ours`), and fails if
python-can finds the same, so that this list stays true.

 1. An interface that python-can does not know is refused by canbus too, but later, by its table of
    backends; so is an unknown `state`, or an `fd` that is neither yes nor no.
 2. `fd = no` and `fd = off` mean no; python-can takes every text but "False" and "0" for yes. Also
    `fd = 2` is yes there and is left to be refused here.
 3. Numbers that fit neither 64 bits nor a double stay text; python-can makes a large integer or
    infinity of them, or fails above 4300 digits.
 4. Digits of other scripts stay text; python-can makes numbers of them (and fails at a port ²).
 5. "True" followed by a line end is true; python-can makes it False.
 6. An empty CAN_CONFIG is one that is not set; python-can fails to decode it.
 7. A key whose JSON value is null hides the same key in later sources, as in python-can, but is
    then absent, where python-can passes None on (and fails for `port`, and takes `fd` for yes).
 8. NaN, infinities and lone surrogates in CAN_CONFIG are refused, as JSON wants it.
 9. A file named by the caller must exist, and one of the usual files that exists must be
    readable; python-can ignores both in silence.
10. A byte order mark before the first line is ignored; python-can finds no section header.
11. `port = true` is refused; python-can takes it for a number.
12. What the references of a section stand for is bounded (1 MiB); python-can runs until the memory
    is full.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

REFERENCE = """
import json, sys
import can, can.util

arguments = json.loads(sys.argv[1])
can.rc.update(arguments["defaults"])
try:
    config = can.util.load_config(arguments["path"], arguments["given"], arguments["context"])
except Exception as error:
    print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
    raise SystemExit
timing = config.pop("timing", None)
if isinstance(timing, (can.BitTiming, can.BitTimingFd)):
    config.update(timing)
elif timing is not None:
    config["timing"] = timing
if isinstance(config.get("state"), can.BusState):
    config["state"] = config["state"].name
print(json.dumps({"config": config}))
"""

REFUSED = "refused"


@dataclass
class Case:
    name: str
    files: dict = field(default_factory=dict)  # name in the home folder -> text or bytes
    env: dict = field(default_factory=dict)
    context: str = None
    path: str = None  # in the home folder
    given: dict = field(default_factory=dict)
    defaults: dict = field(default_factory=dict)
    ours: object = None  # for a deliberate difference: REFUSED, or some keys and their values
    closed: str = None  # a file that must not be readable


def section(text, **more):
    """A can.conf with a section [default] that has an interface."""
    return {"can.conf": "[default]\ninterface = virtual\n" + text, **more}


def environment(text=None, **more):
    found = {"CAN_INTERFACE": "virtual", **more}
    return found if text is None else {**found, "CAN_CONFIG": text}


TIMING = "f_clock=8000000\nbrp=1\ntseg1=%s\ntseg2=2\nsjw=1\nnof_samples=1\n"
TIMING_FD = (
    "f_clock=80000000\nnom_brp=1\nnom_tseg1=119\nnom_tseg2=40\nnom_sjw=40\n"
    "data_brp=1\ndata_tseg1=29\ndata_tseg2=10\ndata_sjw=10\n"
)
ODD = ["1_000", "0x10", "inf", "nan", "1e5", "1.5e3", "1.5E3", "5.", ".5", "+.5", "-0", "007", "+7"]
ODD += ["-", "yes", "No", "on", "tRUE", "false", "--1", "1.5e", "1..5", "1.2.3", "'a'", '"a"', "1 2"]
ODD += ["9223372036854775807", "-9223372036854775808", "0.1", "1.0", "None", "null", "[1]"]

CASES = [
    # Where things come from
    Case("a file in the home folder", section("channel = can0\nbitrate = 500000\n")),
    Case("nothing at all"),
    Case("an interface only from the environment", env=environment()),
    Case(
        "four files, the last one wins",
        section(
            "a=1\nb=1\nc=1\n",
            **{".can": "[default]\na=2\nb=2", ".canrc": "[default]\na=3"},
        ),
    ),
    Case("a file by path", section("a=1", other="[default]\nb=2\ninterface=virtual"), path="other"),
    Case(
        "all six sources",
        section("c=6\nd=6\ne=6\nf=6\ng=6\n[X]\na=5\nb=5\nc=5\nd=5\ne=5\n"),
        environment('{"a": 4, "b": 4, "c": 4, "d": 4}', CAN_CONFIG_X='{"a": 3, "b": 3, "c": 3}'),
        context="X",
        given={"a": "1"},
        defaults={"a": "2", "b": "2"},
    ),
    Case("given values win", section("channel = 1"), given={"channel": "0", "interface": "slcan"}),
    Case("defaults of the program", section("a = 1"), defaults={"a": "7", "channel": "0"}),
    Case("variables win over JSON", env=environment('{"interface": "slcan", "bitrate": 1}', CAN_BITRATE="2")),
    Case("empty variables", section("channel = 5"), env=environment(CAN_CHANNEL="", CAN_BITRATE="")),
    # Contexts
    Case("a context's section", section("a=1\nb=1\n[HS]\na=2\nchannel=c"), context="HS"),
    Case("another case of the context", section("a=1\n[HS]\na=2"), context="hs"),
    Case("a context without section", section("a=1"), context="none"),
    Case("a context's variables", section("[HS]\nchannel=1"), {"CAN_CHANNEL_HS": "2", "CAN_CHANNEL": "3"}, context="HS"),
    Case("another case of the suffix", section(""), {"CAN_CHANNEL_HS": "2"}, context="hs"),
    Case("variables of no context win over its section", section("[HS]\na=1"), environment('{"a": 2}'), context="HS"),
    Case("the context default", section("a=1"), {"CAN_CHANNEL_default": "2"}, context="default"),
    Case("the context DEFAULT", {"can.conf": "[DEFAULT]\na=1\n[default]\ninterface=virtual"}, context="DEFAULT"),
    Case("an empty context", section("a=1"), environment(CAN_CHANNEL="1"), context=""),
    Case("DEFAULT seen through a context", {"can.conf": "[DEFAULT]\na=1\nb=1\n[default]\ninterface=virtual\na=2\n[X]\nb=3"}, context="X"),
    # The old spelling
    Case("bustype", {"can.conf": "[default]\nbustype = virtual\n"}),
    Case("bustype beside interface", section("bustype = slcan")),
    Case("bustype beside an empty interface", {"can.conf": "[default]\ninterface =\nbustype = virtual"}),
    Case("bustype wins over a later interface", section("[X]\nbustype = slcan"), context="X"),
    Case("bustype given", section(""), given={"bustype": "slcan"}),
    # The file format
    Case("delimiters and comments", section("a: 1\nb=x = y\n# c\n  ; d\ne = 1 ; no comment\nf g = # no\n")),
    Case("multi-line values", section("a = 1\n  2\n\n  # gone\n  3\n\nb =\n\n")),
    Case("case of keys", section("Key = 1\nkey = 2\nKEY = 3")),
    Case("interpolation", section("a = %(b)s%%\nb = <%(c)s>\nc = 100%%\nd = %(interface)s")),
    Case("interpolation with capitals", section("Name = x\na = %(Name)s")),
    Case("interpolation with the wrong case", section("Name = x\na = %(name)s")),
    Case("interpolation of DEFAULT", {"can.conf": "[DEFAULT]\nn=1\nchannel=can%(n)s\n[default]\ninterface=virtual\nn=2"}),
    Case("interpolation across files", section("a = %(b)s\nb = 1", **{".canrc": "[default]\nb = 2"})),
    Case("a lone percent sign", section("a = 50%")),
    Case("a reference to nothing", section("a = %(b)s")),
    Case("a reference to itself", section("a = %(a)s")),
    Case("a bad reference in a section nobody asks for", section("a = 1\n[X]\na = %(b)s")),
    Case("references ten deep", section("".join(f"k{i} = %(k{i + 1})s\n" for i in range(10)) + "k10 = x")),
    Case("references eleven deep", section("".join(f"k{i} = %(k{i + 1})s\n" for i in range(11)) + "k11 = x")),
    Case("a key twice", section("a = 1\na = 2")),
    Case("a section twice", section("[X]\n[X]\n")),
    Case("DEFAULT twice", section("[DEFAULT]\na = 1\n[DEFAULT]\nb = 2\n")),
    Case("no section", {"can.conf": "interface = virtual\n"}),
    Case("no delimiter", section("listen_only\n")),
    Case("no key", section("= 1\n")),
    Case("a bad file beside a good one", section("", **{".canrc": "x"})),
    Case("line ends of every kind", {"can.conf": b"[default]\r\ninterface = virtual\ra = 1\r\n  2\nb = 3\r\n"}),
    Case("text beyond ASCII", section("a = Grün\u3000\nschlüssel = \u00a01\u00a0")),
    Case("bytes that are no UTF-8", {"can.conf": b"[default]\ninterface = virtual\na = \xff\n"}),
    Case("a folder where a file could be", section("a = 1", **{".can/x": ""})),
    Case("headers", section("[a]b] c\nd = 1"), context="a]b"),
    # Values
    Case("odd values in a file", section("".join(f"k{i} = {text}\n" for i, text in enumerate(ODD)))),
    Case("odd values in JSON", env=environment(json.dumps({f"k{i}": text for i, text in enumerate(ODD + [" 1", "1 ", "1\n", "1.5\n", "1\n\n", ""])}))),
    Case("kinds in JSON", env=environment('{"a": 1, "b": 1.0, "c": true, "d": "x", "e": 1e3, "f": -5, "g": "\\u00e4"}')),
    Case("a key twice in JSON", env=environment('{"a": 1, "a": 2}')),
    Case("lists in JSON", env=environment('{"channel": [0, 1], "a": ["x", "y"], "b": ["x,y"], "c": {"d": [1]}, "e": [true], "f": []}')),
    Case("bad JSON", env=environment("{a: 1}")),
    Case("JSON with a comma too many", env=environment('{"a": 1,}')),
    Case("JSON that is no object", env={"CAN_CONFIG": "[]"}),
    Case("bad JSON of no context", section(""), {"CAN_CONFIG": "x"}, context="X"),
    Case("bad JSON of another context", section(""), {"CAN_CONFIG_Y": "x"}, context="X"),
    Case("a null channel", section("channel = 1"), {"CAN_CONFIG": '{"channel": null}'}),
    Case("ports", section("port = 65534")),
    Case("port 1", section("port = +1")),
    Case("port 0", section("port = 0")),
    Case("port 65535", section("port = 65535")),
    Case("a port in words", section("port = http")),
    Case("a port with a point", section("port = 80.0")),
    Case("states", section("state = PASSIVE")),
    Case("fd is 1", section("fd = 1")),
    Case("fd is 0", section("fd = 0")),
    Case("fd is true", section("fd = TRUE")),
    Case("fd is false", section("fd = false")),
    Case("bit timing", section(TIMING % 5)),
    Case("bit timing in text", env=environment(json.dumps(dict(line.split("=") for line in (TIMING % 5).split())))),
    Case("bit timing that can't be", section(TIMING % 99)),
    Case("bit timing that lacks a key", section("f_clock=8000000\nbrp=1")),
    Case("bit timing FD", section(TIMING_FD)),
    # Deliberate differences, with their numbers above
    Case("1: unknown interface", {"can.conf": "[default]\ninterface = nobody"}, ours={"interface": "nobody"}),
    Case("1: unknown state", section("state = passive"), ours={"state": "passive"}),
    Case("2: fd is no", section("fd = no"), ours={"fd": False}),
    Case("2: fd is 2", section("fd = 2"), ours={"fd": 2}),
    Case("3: large numbers", section("a = 9223372036854775808\nb = 1.0e999"), ours={"a": "9223372036854775808", "b": "1.0e999"}),
    Case("3: large numbers in JSON", env=environment('{"a": 9223372036854775808}'), ours={"a": "9223372036854775808"}),
    Case("3: very large numbers", section("a = " + "1" * 5000), ours={"a": "1" * 5000}),
    Case("4: digits of other scripts", section("a = ١٢"), ours={"a": "١٢"}),
    Case("5: true with a line end", env=environment(CAN_CHANNEL="True\n"), ours={"channel": True}),
    Case("6: empty CAN_CONFIG", env=environment(""), ours={"interface": "virtual"}),
    Case("7: null", section("a=1"), {"CAN_CONFIG": '{"a": null}'}, ours={"a": None}),
    Case("7: null port", env=environment('{"port": null}'), ours={"port": None}),
    Case("8: NaN", env=environment('{"a": NaN}'), ours=REFUSED),
    Case("8: lone surrogate", env=environment('{"a": "\\ud800"}'), ours=REFUSED),
    Case("9: missing file", env=environment(), path="none", ours=REFUSED),
    Case("9: unreadable file", {".canrc": "[default]"}, environment(), closed=".canrc", ours=REFUSED),
    Case("10: byte order mark", {"can.conf": "\ufeff[default]\ninterface = virtual"}, ours={"interface": "virtual"}),
    Case("11: port is true", section("port = true"), ours=REFUSED),
]


def place(case, home):
    for name, contents in case.files.items():
        path = home / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
    if case.closed:
        (home / case.closed).chmod(0)


def reference(case, home, env):
    arguments = {"context": case.context, "given": case.given, "defaults": case.defaults}
    arguments["path"] = case.path and str(home / case.path)
    command = [sys.executable, "-c", REFERENCE, json.dumps(arguments)]
    done = subprocess.run(command, env=env, cwd=home, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"python-can's side failed: {done.stderr[-300:]}")
    return json.loads(done.stdout)


def example(case, home, env, binary):
    command = [binary]
    for option, pairs in (("--set", case.given), ("--default", case.defaults)):
        for pair in pairs.items():
            command += [option, "=".join(pair)]
    if case.context is not None:
        command += ["--context", case.context]
    if case.path:
        command += ["--path", str(home / case.path)]
    done = subprocess.run(command, env=env, cwd=home, capture_output=True, text=True, timeout=60)
    if done.returncode == 1 and done.stderr.startswith("show_config: "):
        return {"error": done.stderr.strip()}
    if done.returncode != 0:
        raise RuntimeError(f"show_config ended with {done.returncode}: {done.stderr[-300:]}")
    return {"config": json.loads(done.stdout)}


def in_our_form(value):
    """A list or object from JSON as canbus shows it."""
    if isinstance(value, list):
        plain = all(isinstance(v, (int, float, str)) and not isinstance(v, bool) for v in value)
        if value and plain and not any("," in str(v) for v in value):
            return ",".join(str(v) for v in value)
    if isinstance(value, (list, dict)):
        return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return value


def same(left, right):
    """Equal, and of the same kind: 1, 1.0 and true are three things."""
    return type(left) is type(right) and left == right


def differences(theirs, ours):
    if ("error" in theirs) != ("error" in ours):
        return [f"python-can: {theirs}, canbus: {ours}"]
    if "error" in theirs:
        return []
    theirs = {key: in_our_form(value) for key, value in theirs["config"].items()}
    ours = ours["config"]
    if theirs.keys() != ours.keys():
        return [f"keys {sorted(theirs)}, canbus {sorted(ours)}"]
    return [
        f"{key}: python-can {theirs[key]!r}, canbus {ours[key]!r}"
        for key in sorted(theirs)
        if not same(theirs[key], ours[key])
    ]


def is_as_expected(expected, ours):
    if expected == REFUSED:
        return "error" in ours
    found = ours.get("config")
    return found is not None and all(same(found.get(k), v) for k, v in expected.items())


def judge(case, binary):
    """A list of what is wrong, or None for a case that can't run here."""
    with tempfile.TemporaryDirectory(prefix="canbus-config-") as folder:
        home = Path(folder)
        env = {"HOME": folder, "PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", **case.env}
        place(case, home)
        if case.closed and os.access(home / case.closed, os.R_OK):
            return None
        theirs = reference(case, home, env)
        ours = example(case, home, env, binary)
    differing = differences(theirs, ours)
    if case.ours is None:
        return differing
    wrong = [] if is_as_expected(case.ours, ours) else [f"expected {case.ours}, canbus: {ours}"]
    return wrong + ([] if differing else [f"python-can finds the same now: {theirs}"])


def random_text(rng):
    """A file that is nearly a good one, made of what the format gives a meaning to."""
    words = ["a", "b", "B", "key", "[default]", "[X]", "[DEFAULT]", "[", "]", "=", ":", " = ", " ", "  ", "\t"]
    words += ["#", ";", "%%", "%(a)s", "%(b)s", "%(key)s", "%", "1", "0.5", "true", "x y", "\u00a0", "\x1f", "\u3000", "ß"]
    starts = ["", "", "", " ", "  ", "\t", "\u3000", "# ", "; "]
    lines = ["[default]"] if rng.random() < 0.9 else []
    for number in range(rng.randrange(12)):
        kind = rng.random()
        line = rng.choice(starts)
        if kind < 0.55:
            line += rng.choice(["a", "b", "B", "key", f"k{number}", f"k {number}"]) + rng.choice(["=", ":", " = ", " : "])
            line += "".join(rng.choice(words[9:]) for _ in range(rng.randrange(4)) if rng.random() < 0.8).replace("%", "%" * rng.choice([1, 1, 1, 1, 2]))
        elif kind < 0.7:
            line += rng.choice(["[X]", "[DEFAULT]", "[Y] x", f"[{number}]"])
        elif kind < 0.85:
            line = rng.choice(["", "", " ", "  more", "    deeper = x", "\tmore", "# a = 1"])
        else:
            line += "".join(rng.choice(words) for _ in range(rng.randrange(5)))
        lines.append(line)
    return "".join(line + rng.choice(["\n", "\n", "\n", "\r\n", "\r"]) for line in lines)


def judge_random(seed, binary):
    """One random file: read in this process by python-can, and by the example."""
    import can.util

    rng = random.Random(seed)
    context = rng.choice([None, "X", "Y"])
    with tempfile.TemporaryDirectory(prefix="canbus-config-") as folder:
        home = Path(folder)
        (home / "file").write_bytes(random_text(rng).encode())
        given = {"interface": "virtual"}
        case = Case(f"random file {seed}", path="file", context=context, given=given)
        try:
            theirs = {"config": dict(can.util.load_config(str(home / "file"), dict(given), context))}
        except Exception as error:  # whatever python-can lets out is a refusal
            theirs = {"error": str(error)}
        env = {"HOME": folder, "PATH": os.environ.get("PATH", "")}
        return differences(theirs, example(case, home, env, binary))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--canbus-example", required=True, metavar="PATH", help="the binary show_config")
    parser.add_argument("--random", type=int, default=300, metavar="N", help="how many random files")
    parser.add_argument("--seed", type=int, default=1, help="the number of the first random file")
    arguments = parser.parse_known_args()[0]
    binary = os.path.abspath(arguments.canbus_example)

    for name in [name for name in os.environ if name.startswith("CAN_")]:
        del os.environ[name]
    jobs = [(case.name, judge, case) for case in CASES]
    seeds = range(arguments.seed, arguments.seed + arguments.random)
    jobs += [(f"random file {seed}", judge_random, seed) for seed in seeds]

    def run(job):
        try:
            return job[1](job[2], binary)
        except Exception as error:  # one case must not hide the others
            return [f"{type(error).__name__}: {error}"]

    passed = failed = skipped = 0
    with ThreadPoolExecutor(2) as pool:
        for (name, _, _), wrong in zip(jobs, pool.map(run, jobs)):
            if wrong is None:
                skipped += 1
                print(f"skipped: {name}: this user may read everything")
            elif wrong:
                failed += 1
                print(f"FAILED: {name}: {'; '.join(wrong)}")
            else:
                passed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
