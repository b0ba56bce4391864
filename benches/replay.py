"""Times the replay of one log by canbus, by a loop around clock_nanosleep(TIMER_ABSTIME), and by
python-can's MessageSync, in turn, each on a bus that only notes when it is asked to send.

Prints p50, p99 and the greatest difference between the gaps that were recorded and those of
sending, and the drift: how much later after its time the last second was sent than the first, in
the median. Of several rounds the median is shown. With permission, all run under `chrt -f 50`. Exit
status 1 when a goal is missed.

usage: replay.py JITTER_EXAMPLE FOLDER [SECONDS [ROUNDS]]
"""

import pathlib
import random
import statistics
import subprocess
import sys

from _timing import Told, permitted

# At most so many times the sleeping limit, besides what two looks at the clock can be off by; and
# the drift in nanoseconds.
GOAL, GRAIN, DRIFT = 1.2, 1000, 100_000
#: Periods in ms of the messages of the log, each sent a little early or late.
PERIODS = [5, 10, 10, 20, 50, 100]


def recorded(seconds):
    """The moments of the frames of a log, in microseconds."""
    chance = random.Random(7)
    times = []
    for period in PERIODS:
        phase = chance.randrange(period * 1000)
        for start in range(phase, int(seconds * 1e6), period * 1000):
            times.append(max(0, start + chance.randrange(-200, 200)))
    times = sorted(set(times))
    return [time - times[0] for time in times]


def written(folder, seconds):
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"replay-{seconds:g}.log"
    times = recorded(seconds)
    lines = [
        f"({1_700_000_000 + time // 1_000_000}.{time % 1_000_000:06}) can0 123#0011223344556677 R\n"
        for time in times
    ]
    file.write_text("".join(lines))
    return file, [time * 1000 for time in times]


def python_can(file):
    """The same as the example, by python-can's own reader and MessageSync."""
    import time

    import can

    class Noting(can.BusABC):
        def __init__(self):
            super().__init__("noting")
            self.times = []

        def send(self, msg, timeout=None):
            self.times.append(time.perf_counter_ns())

        def _recv_internal(self, timeout):
            return None, False

    bus = Noting()
    with can.LogReader(file) as reader:
        # As its player calls it.
        for message in can.MessageSync(reader, timestamps=True, gap=0.0001, skip=86400):
            bus.send(message)
    bus.shutdown()
    print("\n".join(str(one - bus.times[0]) for one in bus.times))


def measured(sent, due):
    """What there is to say of the moments of sending."""
    if len(sent) != len(due):
        raise SystemExit(f"sent {len(sent)} of {len(due)} frames")
    pairs = zip(zip(sent, sent[1:]), zip(due, due[1:]))
    off = sorted(abs((b - a) - (d - c)) for (a, b), (c, d) in pairs)
    late = [actual - wanted for actual, wanted in zip(sent, due)]
    second = max(1, len(late) * 1_000_000_000 // max(1, due[-1]))
    return {
        "p50": off[(len(off) - 1) // 2],
        "p99": off[int((len(off) - 1) * 0.99)],
        "max": off[-1],
        "drift": statistics.median(late[-second:]) - statistics.median(late[:second]),
    }


def main():
    if sys.argv[1] == "python-can":
        python_can(sys.argv[2])
        return 0
    example, folder = map(pathlib.Path, sys.argv[1:3])
    seconds, rounds = (list(map(float, sys.argv[3:])) + [60.0, 1.0][len(sys.argv) - 3 :])[:2]
    file, due = written(folder, seconds)
    prefix = permitted()
    told = Told()
    priority = " ".join(prefix) or "ordinary priority"
    told.say(f"{len(due)} frames in {seconds:g} s, {int(rounds)} times, {priority}")
    ways = {
        "canbus": [str(example), "canbus", str(file)],
        "clock_nanosleep": [str(example), "sleep", str(file)],
        "python-can": [sys.executable, __file__, "python-can", str(file)],
    }
    results = {way: [] for way in ways}
    for _ in range(int(rounds)):
        for way, command in ways.items():
            run = subprocess.run([*prefix, *command], stdout=subprocess.PIPE, check=True, text=True)
            results[way].append(measured(list(map(int, run.stdout.split())), due))
    told.say(f"{'error of gaps, in us':<22}{'p50':>10}{'p99':>10}{'max':>12}{'drift':>10}")
    median = {}
    for way, found in results.items():
        of = {key: statistics.median(one[key] for one in found) for key in found[0]}
        median[way] = of
        columns = (("p50", 10), ("p99", 10), ("max", 12), ("drift", 10))
        shown = "".join(f"{of[key] / 1e3:>{width},.1f}" for key, width in columns)
        told.say(f"  {way:<20}{shown}")
    missed = []
    ours, limit = median["canbus"], median["clock_nanosleep"]
    if ours["p99"] > limit["p99"] * GOAL + GRAIN:
        missed.append(f"p99 is {ours['p99'] / limit['p99']:.2f} of the limit, {GOAL} wanted")
    if abs(ours["drift"]) > DRIFT:
        missed.append(f"drift is {ours['drift'] / 1e3:.1f} us, {DRIFT / 1e3:.0f} wanted")
    for goal in missed:
        told.say(f"MISSED {goal}")
    told.keep(folder, "replay")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
