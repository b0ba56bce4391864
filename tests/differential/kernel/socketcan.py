#!/usr/bin/env python3
"""Compares canbus with python-can 4.6.1 and can-utils on the CAN interfaces of one kernel.

Runs inside a kernel that has CAN, as its administrator: ``cargo xtask test kernel`` boots it.

Deliberate differences:

 1. Frames of other programs on this machine are received ones (python-can #1274); python-can says
    of all that came from this machine that they are transmitted.
 2. CAN FD data of a length that CAN FD does not have is filled up with zeros, as a controller
    does.
 3. The ID of an error frame is its class and has no width; ours is always shown as extended.
"""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from _compare import Keeps, expect_same  # noqa: E402
from _harness import canbus, case, each, eventually, example, expect, main, running, scratch  # noqa: E402
from _messages import ids, kinds, lengths, mix, remotes  # noqa: E402
from _peer import hearing, received, send_by  # noqa: E402
from can import Message  # noqa: E402
from can.interfaces.socketcan import SocketcanBus  # noqa: E402

NAMES = (f"d{number}" for number in itertools.count())
#: Channels are no part of a frame, and directions differ on purpose.
FRAME = Keeps(time=None, channel=None, direction=False)


def run(*arguments: Any) -> str:
    """Runs a program, which must succeed."""
    done = subprocess.run([*map(str, arguments)], capture_output=True, text=True, timeout=60)
    expect(done.returncode, 0, f"{arguments}: {done.stderr}")
    return done.stdout


@contextmanager
def wire() -> Iterator[str]:
    """A virtual interface of the case's own."""
    name = next(NAMES)
    run("ip", "link", "add", name, "type", "vcan")
    run("ip", "link", "set", name, "mtu", "72", "up")
    try:
        yield name
    finally:
        run("ip", "link", "del", name)


@contextmanager
def python_bus(channel: str, **more: Any) -> Iterator[SocketcanBus]:
    bus = SocketcanBus(channel, fd=True, **more)
    try:
        yield bus
    finally:
        bus.shutdown()


def every_kind() -> list[Message]:
    """Frames of all kinds, lengths and IDs; error frames with the ID in its one form.

    An error frame of no class at all is of none that anybody asks the kernel for.
    """
    found = [*kinds().values(), *lengths(), *remotes(), *ids(), *mix(300)]
    found = [one for one in found if not one.is_error_frame or one.arbitration_id]
    for message in found:
        message.is_extended_id |= message.is_error_frame
    return found


def heard(bus: SocketcanBus, count: int) -> list[Message]:
    found = []
    while len(found) < count and (message := bus.recv(timeout=5)):
        # python-can gives the width of the flag, which error frames do not have.
        message.is_extended_id |= message.is_error_frame
        found.append(message)
    return found


@case
def canbus_hears_what_python_can_sends() -> None:
    sent = every_kind()
    with wire() as name, python_bus(name) as bus:
        with hearing(len(sent), "socketcan", channel=name, fd="true") as process:
            before = time.time()
            for message in sent:
                # It sets the flag of the width, which in the kernel's word is another class.
                message.is_extended_id &= not message.is_error_frame
                bus.send(message)
                message.is_extended_id |= message.is_error_frame
            after = time.time()
            got, dropped = received(process)
    expect_same(sent, got, FRAME)
    expect(dropped, 0)
    for message in got:
        assert before <= message.timestamp + 1e-6 and message.timestamp <= after + 1e-6, message
        assert message.is_rx, message
        expect(message.channel, name)


@case
def python_can_hears_what_canbus_sends() -> None:
    sent = every_kind()
    with wire() as name, python_bus(name) as bus:
        # In portions that its small receive buffer holds.
        for start in range(0, len(sent), 100):
            portion = sent[start : start + 100]
            send_by("socketcan", portion, channel=name, fd="true")
            expect_same(portion, heard(bus, len(portion)), FRAME)
        expect(bus.recv(timeout=0.05), None, "more than was sent")


@case
def raw_dlcs_over_8_go_both_ways() -> None:
    """The DLCs 9 to 15 of classic frames of 8 bytes, which the can-utils of Debian 12 do not know."""
    sent = [
        Message(arbitration_id=0x123, is_extended_id=wide, dlc=dlc, data=range(8))
        for dlc in range(8, 16)
        for wide in (False, True)
    ]
    with wire() as name, python_bus(name) as bus:
        with hearing(len(sent), "socketcan", channel=name) as process:
            for message in sent:
                bus.send(message)
            out, said = process.communicate(timeout=30)
        expect(process.returncode, 0, said)
        *lines, _ = [json.loads(line) for line in out.splitlines()]
        expect([(line["dlc"], line["data"]) for line in lines], [(one.dlc, list(one.data)) for one in sent])
        send_by("socketcan", sent, channel=name)
        got = heard(bus, len(sent))
    expect([(one.dlc, one.data) for one in got], [(one.dlc, one.data) for one in sent])


@case
def a_bus_is_received_from_by_its_descriptor_on_both_runtimes() -> None:
    for runtime in ("tokio", "smol"):
        with wire() as name:
            printed = example(f"fd_on_{runtime}", "socketcan", f"channel={name}").stdout
        expect([line.split("DL:")[1].split()[1] for line in printed.splitlines()], [f"{n:02x}" for n in range(5)])


#: python-can's own test/back2back_test.py and simplecyclic_test.py on a vcan, as far as its public API
#: goes: what two of its buses do, one of its and one of ours do.
@case
def periodic_frames_of_both_arrive_with_the_other() -> None:
    message = Message(arbitration_id=0x123, is_extended_id=False, data=[1, 2, 3, 4, 5, 6, 7, 8])
    with wire() as name, python_bus(name) as bus:
        with hearing(20, "socketcan", channel=name) as process:
            task = bus.send_periodic(message, 0.02)
            got, _ = received(process)
            task.stop()
        times = [one.timestamp for one in got]
        expect_same([message] * 20, got, FRAME)
        assert 0.3 < times[-1] - times[0] < 3, times
        while bus.recv(0):
            pass
        log = scratch() / "periodic.log"
        log.write_text("".join(f"(1.{number * 20:03}000) {name} 123#{number:02X}\n" for number in range(20)))
        canbus("player", "-i", "socketcan", "-c", name, log)
        got = heard(bus, 20)
        expect([one.data[0] for one in got], list(range(20)))
        assert 0.3 < got[-1].timestamp - got[0].timestamp < 3, got


@case
def both_hear_the_same_of_a_third_with_the_same_times() -> None:
    with wire() as name, python_bus(name) as bus:
        # As many as its small receive buffer holds.
        with hearing(150, "socketcan", channel=name, fd="true") as process:
            run("cangen", name, "-g", "1", "-n", "150", "-m")
            ours, dropped = received(process)
            theirs = heard(bus, 150)
    expect(dropped, 0)
    # The kernel's own time of each frame; a double holds it to some 240 ns.
    expect_same(theirs, ours, Keeps(time=1e-6, channel=None, direction=False))


@each({"standard": False, "extended": True})
def filters_pass_the_same_frames(extended: bool) -> None:
    filters = [{"can_id": 0x120, "can_mask": 0x7F0, "extended": extended}]
    ours = f"120:7F0:{'x' if extended else 's'}"
    sent = [message for message in ids() if not message.is_error_frame] + [
        Message(arbitration_id=raw, is_extended_id=wide, data=[raw & 0xFF])
        for raw in range(0x110, 0x140)
        for wide in (False, True)
    ]
    count = sum(
        one.arbitration_id & 0x7F0 == 0x120 and one.is_extended_id == extended for one in sent
    )
    out = scratch() / "filtered.log"
    with wire() as name, python_bus(name, can_filters=filters) as bus:
        options = ("-i", "socketcan", "-c", name, "--filter", ours, "-f", out)
        with running("logger", *options) as process, python_bus(name) as sender:
            eventually(lambda: listeners(name) >= 6, "all three hear", 20)
            for message in sent:
                sender.send(message)
            theirs = heard(bus, count)
            expect(bus.recv(timeout=0.05), None, f"more than {count}")
            eventually(lambda: len(lines_of(out)) >= count, "all are logged", 10)
            process.terminate()
            process.wait(timeout=20)
    logged = [line.split()[2].split("#")[0] for line in lines_of(out)]
    shown = "08X" if extended else "03X"
    expect(logged, [format(message.arbitration_id, shown) for message in theirs])


def lines_of(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def listeners(name: str) -> int:
    """How many entries of all lists the kernel has for an interface: sockets that hear it."""
    found = 0
    for file in Path("/proc/net/can").glob("rcvlist_*"):
        found += sum(line.split()[:1] == [name] for line in file.read_text().splitlines())
    return found


def logged_and_dropped(said: str) -> tuple[int, int]:
    """What our logger says at its end: how many messages it has, and how many were lost."""
    found = re.search(r"(\d+) frames?\b.*, (\d+) dropped", said, re.MULTILINE)
    assert found, said
    return int(found[1]), int(found[2])


#: python-can #1135, #657 and #474: what is lost under load, and that it is lost in silence.
RUNS = range(1, 6)
BUFFERS = {f"large, run {run}": 33554432 for run in RUNS} | {f"tiny, run {run}": 4096 for run in RUNS}


@each(BUFFERS | {"small": 40000}, seconds=180)
def of_20000_frames_in_a_burst_what_is_missing_is_counted(buffer: int) -> None:
    count, folder = 20_000, scratch()
    ours, theirs = folder / "ours.log", folder / "theirs.log"
    with wire() as name, theirs.open("w") as out:
        options = ("-i", "socketcan", "-c", name, "-f", ours)
        candump = subprocess.Popen(["candump", "-L", name], stdout=out)
        try:
            with running("logger", *options, "--bus-kwargs", f"receive_buffer={buffer}") as process:
                eventually(lambda: listeners(name) >= 3, "both hear", 20)
                run("cangen", name, "-g", "0", "-n", count, "-p", "10", "-I", "123", "-L", "8", "-D", "i")
                quiet(ours, theirs)
                process.terminate()
                _, said = process.communicate(timeout=60)
        finally:
            candump.terminate()
            candump.wait()
    kept, others = len(lines_of(ours)), len(lines_of(theirs))
    logged, dropped = logged_and_dropped(said)
    print(f"receive buffer {buffer}: canbus kept {kept}, dropped {dropped}; candump kept {others}")
    expect(logged, kept, said)
    expect(kept + dropped, count, said)
    numbers = [int.from_bytes(bytes.fromhex(line.split("#")[1][:16]), "little") for line in lines_of(ours)]
    assert numbers == sorted(set(numbers)), "in order, none twice"
    if buffer > 1_000_000:
        assert kept >= others, f"candump kept {others}, canbus {kept}"


def quiet(*files: Path) -> None:
    """Waits until the files grow no more."""
    last: list[int] = []
    while (sizes := [file.stat().st_size if file.exists() else 0 for file in files]) != last:
        last = sizes
        time.sleep(2.5)


@case
def the_interfaces_that_python_can_detects_are_detected() -> None:
    theirs = {one["channel"] for one in SocketcanBus._detect_available_configs()}
    said = canbus("detect", "-i", "socketcan").stdout
    ours = {line.split(" -c ")[1].split()[0] for line in said.splitlines()}
    assert theirs <= ours, f"python-can {theirs}, canbus {ours}"
    assert "vcan0" in ours


if __name__ == "__main__":
    main()
