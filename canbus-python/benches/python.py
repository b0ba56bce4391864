"""Compares canbus with python-can in the same run, by CPU time, and its logconvert with the native
command. Exit status 1 when a goal is missed.

usage: python.py NATIVE PACKAGE FOLDER [FRAMES [RUNS [PATTERN]]]

NATIVE is the command canbus, PACKAGE the folder with the Python package canbus, FOLDER where logs are
kept.
"""

import os
import pathlib
import statistics
import subprocess
import sys

import can

# what, and how many times the CPU time of canbus python-can takes at least
ROWS = [
    ("read_blf", 5.0),
    ("read_asc", 10.0),
    ("write_blf", 4.0),
    ("virtual_bus", 5.0),
    ("notifier", 5.0),
    ("attributes", 1 / 1.5),
    ("start", 4.0),
    ("start_used", 4.0),
    ("columns", 30.0),
]
# How many times the native command's CPU time logconvert takes at most.
CONVERT = 1.2


class Bench:
    def __init__(self, arguments):
        self.native, self.package, self.folder = map(pathlib.Path, arguments[:3])
        rest = arguments[3:]
        self.frames = int(rest[0]) if rest else 200_000
        self.runs = int(rest[1]) if len(rest) > 1 else 3
        self.pattern = rest[2] if len(rest) > 2 else ""
        self.environment = os.environ | {"PYTHONPATH": str(self.package)}

    def measure(self, library, name, file):
        script = pathlib.Path(__file__).with_name("measure.py")
        command = [sys.executable, script, library, name, file, self.folder]
        printed = subprocess.run(
            command, check=True, capture_output=True, text=True, env=self.environment
        ).stdout
        return float(printed.split()[-1])

    def cpu(self, command):
        before = os.times()
        nowhere = subprocess.DEVNULL
        subprocess.run(command, check=True, env=self.environment, stdout=nowhere, stderr=nowhere)
        after = os.times()
        children = after.children_user + after.children_system
        return children - before.children_user - before.children_system

    def row(self, name, goal, file):
        ratios, ours = [], []
        for _ in range(self.runs):
            theirs = self.measure("can", name, file)
            ours.append(self.measure("canbus", name, file))
            ratios.append(theirs / ours[-1])
        return self.tell(name, statistics.median(ours), statistics.median(ratios), goal)

    def convert(self, file):
        target = self.folder / "converted.asc"
        ratios, ours = [], []
        for _ in range(self.runs):
            native = self.cpu([self.native, "logconvert", file, target])
            module = [sys.executable, "-m", "canbus.logconvert", file, target]
            ours.append(self.cpu(module))
            ratios.append(native / ours[-1])
        return self.tell("logconvert", statistics.median(ours), statistics.median(ratios), 1 / CONVERT)

    @staticmethod
    def tell(name, seconds, ratio, goal):
        kept = ratio >= goal
        verdict = "met" if kept else "MISSED"
        print(f"{name:12} {seconds:8.3f} s {ratio:8.2f}x  goal {goal:5.2f}x  {verdict}", flush=True)
        return kept

    def run(self):
        sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "benches"))
        import _corpus

        self.folder.mkdir(parents=True, exist_ok=True)
        file = _corpus.corpus(self.folder, self.frames, "blf")
        _corpus.corpus(self.folder, self.frames, "asc")
        print(f"{self.frames} frames, {self.runs} runs, python-can {can.__version__}; CPU time of")
        print("canbus, and how many times that the others take")
        kept = [self.row(name, goal, file) for name, goal in ROWS if self.pattern in name]
        if self.pattern in "logconvert":
            # A longer log, eight minutes of a busy bus: starting Python is part of it.
            kept.append(self.convert(_corpus.corpus(self.folder, 10 * self.frames, "blf")))
        return all(kept)


if __name__ == "__main__":
    sys.exit(0 if Bench(sys.argv[1:]).run() else 1)
