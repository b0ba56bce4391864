"""Times `canbus logconvert` against python-can and can-utils on the same files, in turn.

Prints CPU seconds (user + system) of each whole process, their ratio and peak memory, and compares
the results; then the peak memory of canbus alone to and from every format, of so many frames and of
a fifth of them. Exit status 1 when a goal is missed or the results differ.

usage: convert.py CANBUS FOLDER [FRAMES [RUNS [PATTERN]]]
"""

import pathlib
import re
import shutil
import statistics
import sys

import _corpus

# The most MiB that a conversion may need, and how many more of five times as many frames.
MEMORY, FLAT = 16, 1.5
# by whom, from what, to what, at least so many times less CPU
GOALS = [
    ("python-can", "asc", "blf", 15),
    ("python-can", "blf", "asc", 50),
    ("python-can", "blf", "log", 38),
    ("python-can", "blf", "csv", 38),
    ("python-can", "log", "blf", 14),
    ("python-can", "log", "log", None),
    ("log2asc", "log", "asc", 8),
    ("asc2log", "asc", "log", 10),
]

#: Every format; of a database there is no .gz, and .parquet and .txt are not read.
FORMATS = [
    *["asc", "blf", "csv", "log", "trc", "mf4", "db"],
    *["asc.gz", "blf.gz", "csv.gz", "log.gz", "trc.gz", "mf4.gz"],
]
WRITTEN = [*FORMATS, "parquet", "txt", "txt.gz"]

#: So many logs that run at the same time are joined, of the formats that take most for each.
JOINED = 40
TOGETHER = ["blf", "asc", "mf4", "db", "blf.gz"]


def command(peer, source, target):
    if peer == "python-can":
        return [sys.executable, "-m", "can.logconvert", str(source), str(target)]
    channels = ["can0", "can1"] if peer == "log2asc" else []
    return [peer, "-I", str(source), "-O", str(target), *channels]


class Bench:
    def __init__(self, arguments):
        self.canbus, self.folder = arguments[0], pathlib.Path(arguments[1])
        self.count = int(arguments[2]) if len(arguments) > 2 else 1_000_000
        self.runs = int(arguments[3]) if len(arguments) > 3 else 3
        self.pattern = arguments[4] if len(arguments) > 4 else ""
        self.missed = 0
        self.folder.mkdir(parents=True, exist_ok=True)

    def main(self):
        print(f"{self.count} classic frames, median of {self.runs} runs in turn; whole processes")
        print(f"{'':26} {'peer':>18} {'canbus':>18} {'ratio':>8} {'goal':>6}")
        for peer, source, target, goal in GOALS:
            name = f"{source} > {target}, {peer}"
            if not re.search(self.pattern, name):
                continue
            if peer != "python-can" and shutil.which(peer) is None:
                print(f"{name:26} not compared: {peer} is not here")
                continue
            self.row(name, peer, source, target, goal)
        print(f"\n{'MiB at most':26} {self.count // 5:>12} {self.count:>12} frames")
        for target in WRITTEN:
            self.memory("blf", target)
        for source in FORMATS:
            self.memory(source, "log")
        for source in TOGETHER:
            self.memory(source, "log", JOINED)
        self.memory("mf4", "parquet", JOINED)
        sys.exit(1 if self.missed else 0)

    def row(self, name, peer, source, target, goal):
        log = _corpus.corpus(self.folder, self.count, source)
        theirs, ours = self.folder / f"theirs.{target}", self.folder / f"ours.{target}"
        results = []
        for _ in range(self.runs):
            # To take an earlier result out of the system's memory is no part of the work.
            theirs.unlink(missing_ok=True)
            ours.unlink(missing_ok=True)
            other = _corpus.run(command(peer, log, theirs))
            own = _corpus.run([self.canbus, "logconvert", str(log), str(ours)])
            results.append((other, own))
        cpu = [statistics.median(result[who][0] for result in results) for who in (0, 1)]
        peak = [max(result[who][1] for result in results) for who in (0, 1)]
        ratio = statistics.median(other[0] / own[0] for other, own in results)
        notes = []
        if goal and ratio < goal:
            notes.append("MISSED")
        if peak[1] > MEMORY:
            notes.append(f"at most {MEMORY} MiB MISSED")
        if _corpus.number_of_messages(ours) != self.count:
            notes.append("the result differs")
        self.missed += len(notes)
        print(
            f"{name:26} {cpu[0]:8.3f} s {peak[0]:3.0f} MiB {cpu[1]:8.3f} s {peak[1]:3.0f} MiB"
            f" {ratio:7.1f}x {f'{goal}x' if goal else '':>6} {', '.join(notes)}",
            flush=True,
        )
        row = {"name": name, "frames": self.count, "ratio": ratio, "goal": goal}
        per_million = [one / self.count * 1e6 for one in cpu]
        row |= {"peer": per_million[0], "own": per_million[1], "memory": peak, "most": MEMORY}
        _corpus.keep(self.folder, "convert", row)

    def memory(self, source, target, logs=1):
        name = f"{logs} {source} > {target}" if logs > 1 else f"{source} > {target}"
        if not re.search(self.pattern, name):
            return
        counts = self.count // 5, self.count
        peaks = [self.peak(count // logs, source, target, logs) for count in counts]
        # What many readers of .mf4 hold grows with their blocks up to a bound they share.
        good = max(peaks) <= MEMORY and (logs > 1 or peaks[1] <= peaks[0] + FLAT)
        self.missed += not good
        print(f"{name:26} {peaks[0]:12.1f} {peaks[1]:12.1f}{'' if good else ' MISSED'}", flush=True)
        row = {"name": name, "frames": self.count, "memory": peaks, "most": MEMORY, "good": good}
        _corpus.keep(self.folder, "memory", row)

    def peak(self, count, source, target, logs):
        """That of the process, in MiB; so many logs are joined."""
        log = _corpus.corpus(self.folder, count, "blf")
        if source != "blf":
            made = self.folder / f"made.{source}"
            made.unlink(missing_ok=True)
            _corpus.run([self.canbus, "logconvert", str(log), str(made)])
            log = made
        ours = self.folder / f"ours.{target}"
        ours.unlink(missing_ok=True)
        peak = _corpus.run([self.canbus, "logconvert", *[str(log)] * logs, str(ours)])[1]
        ours.unlink()
        if source != "blf":
            log.unlink()
        return peak


Bench(sys.argv[1:]).main()
