"""Times `canbus logconvert` against `python -m can.logconvert` on the same files, in turn.

Prints CPU seconds (user + system), their ratio and peak memory, and compares the results.
Exit status 1 when a goal is missed or the results differ.

usage: convert.py CANBUS FOLDER [FRAMES [RUNS]]
"""

import os
import pathlib
import re
import statistics
import sys
import time

import can

# conversion, at least so many times less CPU than python-can, at most so many MiB
GOALS = [
    ("blf", "log", 25.0, 24.0),
    ("log", "blf", None, 24.0),
    ("blf", "asc", 50.0, 24.0),
    ("asc", "blf", 15.0, 24.0),
    ("asc", "log", None, 24.0),
    ("log", "asc", None, 24.0),
    ("blf", "blf", None, 24.0),
    ("log", "log", None, 24.0),
]


def frames(count):
    """Cyclic traffic of 150 identifiers: counters, slow signals, some noise, on two channels."""
    noise = 1
    for number in range(count):
        slot = number % 150
        cycle = number // 150
        noise = (noise * 1103515245 + 12345) & 0x7FFFFFFF
        length = 8 if slot % 2 else slot % 9
        data = bytes(
            [
                cycle & 0xFF,
                (cycle >> 4) & 0xFF,
                slot,
                (cycle * slot >> 6) & 0xFF,
                0,
                0xFF,
                noise >> 16 & 0xFF,
                (cycle ^ slot) & 0xFF,
            ]
        )[:length]
        yield can.Message(
            timestamp=1_700_000_000 + number * 250e-6,
            arbitration_id=0x100 + slot * 7 if slot < 100 else 0x18FF0000 + slot * 0x101,
            is_extended_id=slot >= 100,
            is_rx=number % 25 != 0,
            channel=slot % 2,
            data=data,
        )


def corpus(folder, count):
    for suffix in ("blf", "log", "asc"):
        path = folder / f"corpus-{count}.{suffix}"
        if not path.exists():
            partial = folder / f"partial.{suffix}"
            with can.Logger(str(partial)) as writer:
                for message in frames(count):
                    writer(message)
            partial.rename(path)
        yield suffix, path


def run(command):
    """CPU seconds and peak memory in MiB of a process."""
    quiet = [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
    peak = 0.0
    while True:
        # The memory that wait4 tells includes that of the process that started it.
        peak = max(peak, high_water(pid))
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            break
        time.sleep(0.002)
    if status:
        sys.exit(f"{' '.join(command)} ended with status {status}")
    return usage.ru_utime + usage.ru_stime, peak


def high_water(pid):
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def number_of_messages(path):
    with can.LogReader(str(path)) as reader:
        return sum(1 for _ in reader)


def main():
    canbus, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000_000
    runs = int(sys.argv[4]) if len(sys.argv) > 4 else 3
    folder.mkdir(parents=True, exist_ok=True)
    sources = dict(corpus(folder, count))
    missed = 0
    print(f"{count} classic frames, median of {runs} runs in turn")
    print(f"{'':10} {'python-can':>18} {'canbus':>18} {'ratio':>8}")
    for source, target, goal, memory in GOALS:
        theirs, ours = folder / f"theirs.{target}", folder / f"ours.{target}"
        results = []
        for _ in range(runs):
            python = run([sys.executable, "-m", "can.logconvert", str(sources[source]), str(theirs)])
            native = run([canbus, "logconvert", str(sources[source]), str(ours)])
            results.append((python, native))
        cpu = [statistics.median(result[who][0] for result in results) for who in (0, 1)]
        peak = [max(result[who][1] for result in results) for who in (0, 1)]
        ratio = statistics.median(python[0] / native[0] for python, native in results)
        notes = []
        if goal and ratio < goal:
            notes.append(f"goal {goal:.0f}x missed")
        if peak[1] > memory:
            notes.append(f"goal {memory:.0f} MiB missed")
        if number_of_messages(ours) != count:
            notes.append("the result differs")
        missed += len(notes)
        print(
            f"{source:>3} > {target:4} {cpu[0]:8.3f} s {peak[0]:3.0f} MiB"
            f" {cpu[1]:8.3f} s {peak[1]:3.0f} MiB {ratio:7.1f}x {', '.join(notes)}",
            flush=True,
        )
    sys.exit(1 if missed else 0)


main()
