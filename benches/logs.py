"""Times reading and writing of log formats, in one thread, against python-can and other peers.

Those of MF4 where asammdf is there, else those of all others: python-can imports it, with pandas,
wherever it is, which makes everything slower.

Prints, for each row, CPU seconds per million frames and the ratio; the loops alone, without the
start of a process. Exit status 1 when a goal is missed.

usage: logs.py EXAMPLES PEERS FOLDER [FRAMES [RUNS [PATTERN]]]
"""

import importlib.util
import pathlib
import re
import statistics
import subprocess
import sys
import time

import can

import _corpus

# what, format, at least so many times less CPU than python-can, options of the writer
ROWS = [
    ("read", "blf", 36, []),
    ("read", "asc", 55, []),
    ("read", "log", 52, []),
    ("read", "csv", 27, []),
    ("read", "trc", 25, []),
    ("read", "db", 11, []),
    ("read", "mf4", 80, []),
    ("write", "blf", 5.5, []),
    ("write", "blf", 11, ["compression_level=1"]),
    ("write", "asc", 55, []),
    ("write", "log", 32, []),
    ("write", "csv", 25, []),
    ("write", "trc", 60, []),
    ("write", "db", 13, []),
    ("write", "mf4", 70, []),
]
# How much larger than python-can's file one of ours may be.
SIZES = {("blf", ()): 1.0, ("blf", ("compression_level=1",)): 1.04}
# Formats that another Rust library reads, and how many times faster ours is to be.
PEERS = {"blf": 2.0, "asc": 4.0}
SUITE = "mf4" if importlib.util.find_spec("asammdf") else "logs"


def python_read(path):
    start = time.process_time()
    with can.LogReader(str(path)) as reader:
        count = sum(1 for _ in reader)
    return count, time.process_time() - start


def native(program, *arguments):
    printed = subprocess.run(
        [str(program), *map(str, arguments)], check=True, capture_output=True, text=True
    ).stdout.split()
    return int(printed[0]), float(printed[1])


class Bench:
    def __init__(self, arguments):
        self.examples, self.peers, self.folder = map(pathlib.Path, arguments[:3])
        self.count = int(arguments[3]) if len(arguments) > 3 else 200_000
        self.runs = int(arguments[4]) if len(arguments) > 4 else 3
        self.pattern = arguments[5] if len(arguments) > 5 else ""
        self.missed = 0
        self.kept = {}
        self.folder.mkdir(parents=True, exist_ok=True)

    def main(self):
        print(f"{self.count} classic frames, median of {self.runs} runs in turn;")
        print("CPU seconds per million frames")
        print(f"{'':34} {'peer':>9} {'canbus':>9} {'ratio':>8} {'goal':>7}")
        for row in ROWS:
            name = f"{row[0]} {row[1]} {' '.join(row[3])}".strip()
            if re.search(self.pattern, name) and (row[1] == "mf4") == (SUITE == "mf4"):
                self.row(name, *row)
        sys.exit(1 if self.missed else 0)

    def row(self, name, what, suffix, goal, options):
        # asammdf needs half a minute for a million frames.
        count = min(self.count, 50_000) if suffix == "mf4" else self.count
        source = _corpus.corpus(self.folder, count, suffix)
        if what == "read":
            self.compare(f"{name}, python-can", goal, count, lambda: python_read(source),
                         lambda: native(self.examples / "time_log", "read", source))
            if suffix in PEERS:
                self.compare(f"{name}, blf_asc (Rust)", PEERS[suffix], count,
                             lambda: native(self.peers, source),
                             lambda: native(self.examples / "time_log", "read", source))
            return
        blf = _corpus.corpus(self.folder, count, "blf")
        messages = list(_corpus.frames(count))
        theirs, ours = self.folder / f"theirs.{suffix}", self.folder / f"ours.{suffix}"

        def python_write():
            theirs.unlink(missing_ok=True)
            return count, _corpus.write(theirs, messages)

        def native_write():
            ours.unlink(missing_ok=True)
            return native(self.examples / "time_log", "write", blf, ours, *options)

        self.compare(f"{name}, python-can", goal, count, python_write, native_write)
        larger = ours.stat().st_size / theirs.stat().st_size
        most = SIZES.get((suffix, tuple(options)))
        wrong = most is not None and larger > most
        self.missed += wrong
        note = f"; at most {most} MISSED" if wrong else ""
        print(f"    its size is {larger:.3f} of python-can's{note}", flush=True)
        self.keep(f"{name}, python-can", size=larger, most=most)

    def keep(self, name, **more):
        self.kept.setdefault(name, {"name": name}).update(more)
        _corpus.keep(self.folder, SUITE, self.kept[name])

    def compare(self, name, goal, count, peer, own):
        results = []
        for _ in range(self.runs):
            results.append((peer(), own()))
        for result in results:
            for frames, _ in result:
                if frames != count:
                    sys.exit(f"{name}: {frames} frames instead of {count}")
        seconds = [statistics.median(result[who][1] for result in results) for who in (0, 1)]
        ratio = statistics.median(peer[1] / own[1] for peer, own in results)
        self.missed += ratio < goal
        note = "" if ratio >= goal else " MISSED"
        per_million = [one / count * 1e6 for one in seconds]
        print(
            f"{name:34} {per_million[0]:9.3f} {per_million[1]:9.4f} {ratio:7.1f}x"
            f" {goal:6}x{note}",
            flush=True,
        )
        self.keep(name, frames=count, peer=per_million[0], own=per_million[1], ratio=ratio, goal=goal)


Bench(sys.argv[1:]).main()
