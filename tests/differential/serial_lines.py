#!/usr/bin/env python3
"""Compares canbus with python-can 4.6.1 over serial lines: the backends serial, robotell, seeedstudio.

The two are the ends of a null modem made of pseudo terminals, and send each other every kind of
frame; what arrives must be what was sent, frame for frame. A robotell or seeedstudio bus talks to
an adapter, whose frames have the same form in both directions: so the other program stands for it.

Deliberate differences:

 1. A message on our serial bus has the time of reading, with ``preserve_timestamps`` the sender's;
    python-can always gives the latter.
 2. A remote frame with a DLC: python-can's serial and seeedstudio classes write no data, but read
    as many bytes as the DLC says, so that they lose their own. We read both forms. On a serial bus
    we write zeros, which python-can reads. To a USB-CAN Analyzer we write none, as python-can does.
 3. Of bytes that are no packet, our buses pass over what python-can fails with or loses.
 4. An adapter that does not answer: python-can writes to its log; so do we, but do not open a
    robotell bus whose bit rate nobody confirmed.
"""

from __future__ import annotations

import os
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from _compare import Keeps, expect_same
from _harness import canbus, case, each, expect, main
from _messages import ids, kinds, lengths, mix, remotes
from _peer import hearing, received, send_by
from can import BusABC, Message
from can.interfaces.robotell import robotellBus
from can.interfaces.seeedstudio import SeeedBus
from can.interfaces.serial.serial_can import SerialBus

BACKENDS = {"serial": SerialBus, "robotell": robotellBus, "seeedstudio": SeeedBus}

#: A time that python-can's packets of milliseconds hold.
TIME = 12.345
#: Times are those of arrival; channels are no part of a frame.
FRAME = Keeps(time=None, channel=None, direction=False)


def every_kind(backend: str) -> list[Message]:
    """Frames of all kinds, lengths and IDs that the backend carries."""
    which = {"fd": False, "error": backend == "serial", "timestamp": TIME}
    return [
        *kinds(**which).values(),
        *lengths(fd=False, timestamp=TIME),
        *remotes(timestamp=TIME),
        *ids(timestamp=TIME),
        *mix(300, **which),
    ]


@contextmanager
def null_modem() -> Iterator[tuple[str, str]]:
    """The names of two lines of which each gives what the other was given."""
    (first, first_end), (second, second_end) = os.openpty(), os.openpty()
    # Kept open here, so that a line does not hang up between two programs.
    for end in (first_end, second_end):
        tty.setraw(end)
    for source, target in ((first, second), (second, first)):
        threading.Thread(target=_copy, args=(source, target), daemon=True).start()
    try:
        yield os.ttyname(first_end), os.ttyname(second_end)
    finally:
        for end in (first_end, second_end):
            os.close(end)


def _copy(source: int, target: int) -> None:
    try:
        while data := os.read(source, 4096):
            while data:
                data = data[os.write(target, data) :]
    except OSError:
        return  # the last program closed its end


@contextmanager
def python_bus(backend: str, line: str) -> Iterator[BusABC]:
    bus = BACKENDS[backend](line)
    try:
        yield bus
    finally:
        bus.shutdown()


def heard(bus: BusABC, count: int) -> list[Message]:
    found: list[Message] = []
    while len(found) < count and (message := bus.recv(timeout=5)):
        found.append(message)
    return found


@each(list(BACKENDS))
def canbus_hears_what_python_can_sends(name: str) -> None:
    sent = every_kind(name)
    with null_modem() as (ours, theirs), python_bus(name, theirs) as bus:
        with hearing(len(sent), name, channel=ours) as process:
            for message in sent:
                bus.send(message)
            got, dropped = received(process)
    expect_same(sent, got, FRAME)
    expect(dropped, 0)


@each(list(BACKENDS))
def python_can_hears_what_canbus_sends(name: str) -> None:
    sent = every_kind(name)
    if name == "seeedstudio":
        sent = [message for message in sent if not (message.is_remote_frame and message.dlc)]
    with null_modem() as (ours, theirs), python_bus(name, theirs) as bus:
        got: list[Message] = []
        reader = threading.Thread(target=lambda: got.extend(heard(bus, len(sent))))
        reader.start()
        expect(send_by(name, sent, channel=ours), 0)
        reader.join()
    expect_same(sent, got, FRAME)


@case
def the_time_in_a_packet_is_the_senders_if_that_was_asked_for() -> None:
    times = [0.0, 0.001, 1.5, 86_400.0, 4_294_967.295]
    sent = [Message(timestamp=time, arbitration_id=0x123, data=b"\x01") for time in times]
    options = {"preserve_timestamps": "true"}
    with null_modem() as (ours, theirs), python_bus("serial", theirs) as bus:
        with hearing(len(sent), "serial", channel=ours, **options) as process:
            for message in sent:
                bus.send(message)
            got, _ = received(process)
        expect([round(message.timestamp, 3) for message in got], times)
        send_by("serial", sent, channel=ours, **options)
        expect([message.timestamp for message in heard(bus, len(sent))], times)


@case
def settings_of_a_robotell_adapter_are_the_same_packets() -> None:
    with null_modem() as (ours, far), _written(far) as ours_wrote:
        # Nobody answers, so the bus is not opened; the packets were written all the same.
        options = ["-i", "robotell", "-c", ours, "--bitrate", "250000"]
        refused = canbus("logger", *options, "--duration", "0.1", check=False)
        expect("did not confirm the bit rate of 250000" in refused.stderr, True, refused.stderr)
        mine = ours_wrote()
    with null_modem() as (line, far), _written(far) as they_wrote:
        robotellBus(line, bitrate=250000).shutdown()
        theirs = they_wrote()
    # Reset and bit rate; python-can asks for the serial number, too.
    expect(mine, theirs[: len(mine)])
    expect(len(mine), 2 * 21)


@each(
    {
        "standard": ({}, []),
        "extended": ({"frame_type": "EXT", "bitrate": 5000}, ["frame_type=EXT", "bitrate=5000"]),
        "silent": ({"operation_mode": "silent"}, ["listen_only=true"]),
        "loopback": ({"operation_mode": "loopback"}, ["operation_mode=loopback"]),
    }
)
def an_analyzer_is_set_up_by_the_same_packet(given: Any) -> None:
    python_options, our_options = given
    with null_modem() as (line, far), _written(far) as they_wrote:
        SeeedBus(line, **python_options).shutdown()
        theirs = they_wrote()
    with null_modem() as (line, far), _written(far) as we_wrote:
        send_by("seeedstudio", [], channel=line, **dict(one.split("=") for one in our_options))
        expect(we_wrote(), theirs)
    expect(len(theirs), 20)


@contextmanager
def _written(line: str) -> Iterator[Any]:
    """Gives a function that tells what was written to the other end until it fell silent."""
    end = os.open(line, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def so_far() -> bytes:
        found, silent = b"", 0
        while silent < 10:
            try:
                found, silent = found + os.read(end, 4096), 0
            except BlockingIOError:
                silent += 1
                threading.Event().wait(0.02)
        return found

    try:
        yield so_far
    finally:
        os.close(end)


if __name__ == "__main__":
    main()
