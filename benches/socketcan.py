"""Measures the CPU time of canbus beside that of python-can on a CAN interface of one kernel: of
reading a full queue, at once (drain) and frame by frame (recv), and of sending. What is lost under
load is a matter of tests: tests/differential/kernel/socketcan.py.

Runs inside a kernel that has CAN, as its administrator; ``cargo xtask bench socketcan`` boots two.
Prints a table, the median of the rounds; exit status 1 when a goal is missed.

usage: socketcan.py EXAMPLE [FRAMES [ROUNDS]]
"""

import json
import os
import statistics
import subprocess
import sys
import time

from can import Message
from can.interfaces.socketcan import SocketcanBus

#: So many times python-can's speed at least: in user-mode-linux, where a call into the kernel costs
#: much, and in QEMU.
GOALS = {"uml": {"drain": 10, "send": 5}, "qemu": {"drain": 40, "send": 5}}
WIRE = "vcan0"
#: What a queue of python-can holds: it does not raise the kernel's default.
PORTION = 150


def message(number):
    return Message(arbitration_id=0x123, is_extended_id=False, data=number.to_bytes(8, "little"))


def python_drain(frames):
    """CPU time of a frame that python-can reads from a full queue."""
    sender, bus = SocketcanBus(WIRE), SocketcanBus(WIRE)
    spent = read = 0
    while read < frames:
        for number in range(PORTION):
            sender.send(message(number))
        start = time.process_time_ns()
        while bus.recv(0) is not None:
            read += 1
        spent += time.process_time_ns() - start
    sender.shutdown()
    bus.shutdown()
    return spent / read


def python_send(frames):
    bus = SocketcanBus(WIRE)
    one = message(0)
    start = time.process_time_ns()
    for _ in range(frames):
        bus.send(one)
    spent = time.process_time_ns() - start
    bus.shutdown()
    return spent / frames


def ours(example, what, frames):
    command = [example, what, str(frames), f"channel={WIRE}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["nanoseconds"]


def main(example, frames="20000", rounds="5"):
    kernel, frames, rounds = os.environ["CANBUS_KERNEL"], int(frames), int(rounds)
    print(f"kernel {kernel}: CPU time of a frame in microseconds, median of {rounds} rounds of {frames} frames")
    print(f"{'':<8}{'canbus':>10}{'python-can':>12}{'ratio':>9}{'goal':>9}")
    missed = []
    for what, theirs in (("drain", python_drain), ("recv", python_drain), ("send", python_send)):
        pairs = [(ours(example, what, frames), theirs(frames)) for _ in range(rounds)]
        mine, other = (statistics.median(side) / 1000 for side in zip(*pairs))
        goal = GOALS[kernel].get(what)
        shown = f"1/{goal}" if goal else "none"
        print(f"{what:<8}{mine:>10.2f}{other:>12.2f}{f'1/{other / mine:.1f}':>9}{shown:>9}", flush=True)
        if goal and mine * goal > other:
            missed.append(what)
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
