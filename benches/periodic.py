"""Times periodic sending by canbus, by a loop around clock_nanosleep(TIMER_ABSTIME), and by
python-can's thread, in turn, each on a bus that only notes when it is asked to send.

Prints the median over the rounds of p50 and p99 of |interval - period| and of CPU, and histograms.
With permission, all run under `chrt -f 50`. Exit status 1 when a goal is missed.

usage: periodic.py JITTER_EXAMPLE FOLDER [SECONDS [ROUNDS]]
"""

import json
import pathlib
import statistics
import subprocess
import sys

from _timing import Told, permitted

# period in ms, tasks, at most so much of python-can's CPU
CASES = [(1, 1, 0.45), (10, 1, 0.45), (10, 50, 0.30)]
# Besides 10 %, what one look at the clock can be off by.
JITTER, GRAIN = 1.10, 500


def python_can(period, tasks, seconds):
    """The same as the example, by python-can's own thread for each task."""
    import time

    import can

    class Noting(can.BusABC):
        def __init__(self):
            super().__init__("noting")
            self.times = [[] for _ in range(tasks)]

        def send(self, msg, timeout=None):
            self.times[msg.arbitration_id].append(time.perf_counter_ns())

        def _recv_internal(self, timeout):
            return None, False

    bus = Noting()
    messages = [
        can.Message(arbitration_id=task, is_extended_id=False, data=bytes(8)) for task in range(tasks)
    ]
    wall, used = time.perf_counter(), time.process_time()
    for message in messages:
        bus.send_periodic(message, period / 1e3)
    time.sleep(seconds)
    bus.stop_all_periodic_tasks()
    share = (time.process_time() - used) / (time.perf_counter() - wall)
    off = sorted(
        abs(after - before - int(period * 1e6))
        for times in bus.times
        for before, after in zip(times, times[1:])
    )
    bus.shutdown()
    classes = {}
    for one in off:
        end = 1 << one.bit_length()
        classes[end] = classes.get(end, 0) + 1
    result = {
        "p50": off[(len(off) - 1) // 2],
        "p99": off[int((len(off) - 1) * 0.99)],
        "max": off[-1],
        "cpu": share,
        "sent": sum(map(len, bus.times)),
        "classes": sorted(classes.items()),
    }
    print(json.dumps(result))


def shown(nanos):
    return f"{nanos / 1e3:,.1f}"


def histogram(name, results):
    """A line for each power of two in which there is an interval."""
    lines = {}
    for result in results:
        for end, count in result["classes"]:
            end = 1 << (end - 1).bit_length()
            lines[end] = lines.get(end, 0) + count
    print(f"  {name}")
    most = max(lines.values())
    for end in sorted(lines):
        bar = "#" * -(-lines[end] * 50 // most)
        print(f"    < {end / 1e3:>12,.1f} us {lines[end]:>8} {bar}")


def main():
    if sys.argv[1] == "python-can":
        python_can(float(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
        return 0
    example, folder = map(pathlib.Path, sys.argv[1:3])
    seconds, rounds = (list(map(float, sys.argv[3:])) + [2.0, 15.0][len(sys.argv) - 3 :])[:2]
    told = Told()
    prefix = permitted()
    told.say(f"{int(rounds)} rounds of {seconds:g} s each, {' '.join(prefix) or 'ordinary priority'}")
    ways = {
        "canbus": [str(example), "canbus"],
        "clock_nanosleep": [str(example), "sleep"],
        "python-can": [sys.executable, __file__, "python-can"],
    }
    missed = []
    for period, tasks, share in CASES:
        results = {way: [] for way in ways}
        for _ in range(int(rounds)):
            for way, command in ways.items():
                command = [*prefix, *command, str(period), str(tasks), str(seconds)]
                run = subprocess.run(command, capture_output=True, check=True, text=True)
                results[way].append(json.loads(run.stdout))
        median = {
            way: {
                what: statistics.median(one[what] for one in results[way])
                for what in ("p50", "p99", "max", "cpu", "sent")
            }
            for way in ways
        }
        told.say(f"\n{tasks} x {period} ms     {'p50 us':>10} {'p99 us':>10} {'max us':>12} {'CPU %':>8} {'frames':>8}")
        for way, of in median.items():
            times = f"{shown(of['p50']):>10} {shown(of['p99']):>10} {shown(of['max']):>12}"
            told.say(f"  {way:<16}{times} {of['cpu'] * 100:>8.3f} {of['sent']:>8.0f}")
        ours, limit, peer = (median[way] for way in ways)
        told.say(
            f"  CPU: {ours['cpu'] / peer['cpu']:.2f} of python-can's, {share} wanted; "
            f"the sleeping alone is {limit['cpu'] / peer['cpu']:.2f}"
        )
        for what in ("p50", "p99"):
            if ours[what] > limit[what] * JITTER + GRAIN:
                missed.append(f"{tasks} x {period} ms: {what} is {shown(ours[what])} us")
        if ours["cpu"] > peer["cpu"] * share:
            missed.append(f"{tasks} x {period} ms: CPU is {ours['cpu'] / peer['cpu']:.2f}")
        for way in ways:
            histogram(way, results[way])
    for goal in missed:
        told.say(f"MISSED {goal}")
    told.keep(folder, "periodic")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
