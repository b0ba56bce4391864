#!/usr/bin/env python3
"""Compares canbus with python-can 4.6.1 as the two ends of a UDP multicast bus.

Each sends every kind of frame to the other, by IPv4 and IPv6; what arrives must be what was sent,
frame for frame. Runs in a network namespace whose veth pair carries the multicast.

Deliberate differences:

 1. A bus of python-can hears its own frames; ours does not, unless ``receive_own_messages`` is on.
 2. A bus of python-can hears other groups on the same port; ours does not.
 3. A datagram that is no CAN frame ends python-can's ``recv`` with an error; ours passes over it
    and counts it as dropped.
 4. CAN FD data of a length that CAN FD does not have (10 bytes) is filled up with zeros to the
    next one, as a controller does; python-can passes it on as it is.
 5. On a message that was received, ``channel`` is our bus's group; python-can gives what the
    sender had written there.
 6. Unknown keys are ignored and text is taken for data, where python-can fails; an error frame is
    never FD.
"""

from __future__ import annotations

import itertools
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgpack
from _compare import Keeps, differences, expect_same
from _harness import Skip, case, each, example, expect, main, options
from _messages import ids, kinds, lengths, mix, remotes, times
from _peer import arguments, hearing, lines, message, received, send_by
from can import CanOperationError, Message
from can.interfaces.udp_multicast import UdpMulticastBus

#: The groups of python-can, which it joins by the routing table.
GROUPS = {"IPv4": "239.74.163.2", "IPv6": "ff15:7079:7468:6f6e:6465:6d6f:6d63:6173"}
#: A port for each case: a socket of an earlier one may still be in the group.
PORTS = itertools.count(20000)

#: Times are those of arrival; channels are no part of a frame.
FRAME = Keeps(time=None, channel=None, direction=False)


def every_kind() -> list[Message]:
    """Frames of all kinds, lengths and IDs."""
    return [*kinds().values(), *lengths(), *remotes(), *ids(), *mix(300)]


@contextmanager
def python_bus(group: str, port: int, **more: Any) -> Iterator[UdpMulticastBus]:
    bus = UdpMulticastBus(group, port=port, **more)
    try:
        yield bus
    finally:
        bus.shutdown()


def where(group: str, port: int, interface: str = "") -> dict[str, Any]:
    """The options of our bus."""
    return {"channel": group, "port": port, "network_interface": interface}


@contextmanager
def receiver(group: str, port: int, count: int, interface: str = "") -> Iterator[Any]:
    """Our program hearing the group."""
    with hearing(count, "udp_multicast", **where(group, port, interface)) as process:
        yield process


def send(messages: list[Message], group: str, port: int, interface: str = "") -> int:
    """Sends by our program; returns how many frames it says were lost."""
    return send_by("udp_multicast", messages, **where(group, port, interface))


def heard(bus: UdpMulticastBus, count: int) -> list[Message]:
    found = []
    while len(found) < count and (message := bus.recv(timeout=3)):
        found.append(message)
    return found


@each(GROUPS)
def canbus_hears_what_python_can_sends(group: str) -> None:
    port, sent = next(PORTS), every_kind()
    with python_bus(group, port) as bus, receiver(group, port, len(sent)) as process:
        before = time.time()
        for message in sent:
            bus.send(message)
        got, dropped = received(process)
    expect_same(sent, got, FRAME)
    expect(dropped, 0)
    # The kernel's time, as python-can has it: not that in the message.
    for message in got:
        assert before - 0.1 <= message.timestamp <= time.time(), message
        expect(message.channel, group)


@each(GROUPS)
def python_can_hears_what_canbus_sends(group: str) -> None:
    port, sent = next(PORTS), every_kind()
    with python_bus(group, port) as bus:
        # In portions that its small receive buffer holds.
        for start in range(0, len(sent), 50):
            portion = sent[start : start + 50]
            send(portion, group, port)
            got = heard(bus, len(portion))
            expect_same(portion, got, FRAME)
        expect(bus.recv(timeout=0.05), None, "more than was sent")


@each(GROUPS)
def both_write_the_same_datagrams(group: str) -> None:
    sent = [*kinds().values(), *times(), *remotes(channel="vcan0"), *lengths(channel=None)]
    port, other = next(PORTS), next(PORTS)
    for start in range(0, len(sent), 50):
        portion = sent[start : start + 50]
        with tap(group, port) as ours, tap(group, other) as theirs:
            send(portion, group, port)
            with python_bus(group, other) as bus:
                for message in portion:
                    bus.send(message)
            for message in portion:
                expect(ours.recv(4096), theirs.recv(4096), str(message))


@contextmanager
def tap(group: str, port: int) -> Iterator[socket.socket]:
    """The socket of a python-can bus, to read the datagrams themselves."""
    with python_bus(group, port) as bus:
        bus._multicast._socket.settimeout(3)
        yield bus._multicast._socket


@each(GROUPS)
def canbus_hears_itself_only_from_another_bus(group: str) -> None:
    port, sent = next(PORTS), every_kind()
    with receiver(group, port, len(sent)) as process:
        expect(send(sent, group, port), 0)
        got, dropped = received(process)
    expect_same(sent, got, FRAME)
    expect(dropped, 0)


@case
def a_named_interface_is_used() -> None:
    group, port, sent = GROUPS["IPv6"], next(PORTS), list(kinds().values())
    with receiver(group, port, len(sent), "v0") as process:
        send(sent, group, port, "v0")
        got, _ = received(process)
    expect_same(sent, got, FRAME)
    # What is sent by loopback is not heard on v0.
    group = GROUPS["IPv4"]
    with receiver(group, port, 2, "10.9.9.1") as process:
        send(sent[:1], group, port, "lo")
        send(sent[1:3], group, port, "v0")
        got, _ = received(process)
    expect_same(sent[1:3], got, FRAME)


#: Sends by our program what our program hears, in a namespace that has loopback and no route.
ALONE = """
import fcntl, socket, struct, subprocess, sys
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
request = struct.pack("16sh14x", b"lo", IFF_UP)
fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), SIOCSIFFLAGS, request)
peer, arguments = sys.argv[1], sys.argv[2:]
receiver = subprocess.Popen([peer, "receive", *arguments], stdout=subprocess.PIPE, text=True)
receiver.stdout.readline()
subprocess.run([peer, "send", *arguments], stdout=subprocess.DEVNULL, check=True)
sys.stdout.write(receiver.communicate(timeout=20)[0])
"""


@each({"no interface named": "", "by name": "lo", "by address": "127.0.0.1"})
def loopback_needs_no_route(interface: str) -> None:
    sent = every_kind()
    peer = options.examples / "bus_peer" if options.examples else None
    if peer is None:
        raise Skip("the examples were not given: --examples DIR")
    given = arguments("udp_multicast", **where(GROUPS["IPv4"], next(PORTS), interface))
    done = subprocess.run(
        ["unshare", "-rn", sys.executable, "-c", ALONE, str(peer), str(len(sent)), *given],
        input=lines(sent),
        capture_output=True,
        text=True,
        timeout=40,
    )
    if done.stderr.startswith("unshare: "):
        raise Skip(f"no namespace within this one: {done.stderr.strip()}")
    expect(done.returncode, 0, done.stderr)
    *got, last = map(json.loads, done.stdout.splitlines())
    expect_same(sent, [message(line) for line in got], FRAME)
    expect(last, {"dropped": 0})


@case
def without_a_way_to_an_ipv6_group_the_error_says_what_to_do() -> None:
    given = arguments("udp_multicast", **where(GROUPS["IPv6"], next(PORTS), "lo"))
    done = example("bus_peer", "send", 0, *given, check=False)
    expect(done.returncode, 1, done.stderr)
    for advice in ("Network is unreachable", "ip -6 route add local ff00::/8 dev lo"):
        assert advice in done.stderr, done.stderr


@case
def a_burst_of_20000_frames_arrives_or_what_is_missing_is_counted() -> None:
    group, port, count = GROUPS["IPv4"], next(PORTS), 20_000
    frame = Message(arbitration_id=0x123, is_extended_id=False, data=bytes(8))
    with receiver(group, port, count) as process:
        with python_bus(group, port) as bus:
            for number in range(count):
                frame.data = number.to_bytes(8, "big")
                bus.send(frame)
        got, dropped = received(process)
    expect(len(got) + dropped, count)
    numbers = [int.from_bytes(message.data, "big") for message in got]
    expect(numbers, sorted(set(numbers)), "in order, none twice")


#: What other programs may send, as far as both sides agree on whether it is a frame, and on which.
MAPS: dict[str, dict[str, Any] | bytes] = {
    "nothing": {},
    "data alone": {"data": b"\x01\x02"},
    "a list of bytes": {"data": [1, 2, 255]},
    "no data": {"data": None, "dlc": None},
    "flags as numbers": {"is_fd": 1, "bitrate_switch": 1, "data": bytes(8)},
    "a whole number for the time": {"timestamp": 7},
    "another order": {"dlc": 1, "data": b"x", "arbitration_id": 5, "is_extended_id": False},
    "a remote frame with data": {"is_remote_frame": True, "dlc": 2, "data": b"xy"},
    "an error frame with data": {"is_error_frame": True, "data": b"xy", "dlc": 2},
    "FD flags on classic": {"bitrate_switch": True},
    "ESI on classic": {"error_state_indicator": True},
    "remote FD": {"is_remote_frame": True, "is_fd": True},
    "remote error": {"is_remote_frame": True, "is_error_frame": True},
    "a wide standard ID": {"arbitration_id": 0x800, "is_extended_id": False},
    "a wide extended ID": {"arbitration_id": 0x20000000},
    "a negative ID": {"arbitration_id": -1},
    "a dlc over 8": {"dlc": 9, "data": bytes(9)},
    "a dlc over 64": {"dlc": 65, "data": bytes(65), "is_fd": True},
    "a dlc that differs": {"dlc": 2, "data": b"x"},
    "a number": msgpack.packb(7),
    "a list": msgpack.packb([1, 2, 3]),
    "numbers for keys": msgpack.packb({1: 2}),
    "nothing at all": b"",
    "no msgpack": b"\xc1",
    "cut off": msgpack.packb({"data": b"abc"})[:-1],
    "more than a map": msgpack.packb({}) + b"\x00",
}


@each(MAPS)
def both_agree_on_what_is_a_frame(given: dict[str, Any] | bytes) -> None:
    ours, theirs, dropped = both_hear(given if isinstance(given, bytes) else msgpack.packb(given))
    expect_same(theirs, ours, FRAME)
    expect(dropped, 1 - len(theirs))


#: What our side takes although python-can does not, or takes in another way.
OURS: dict[str, tuple[dict[str, Any], Message]] = {
    "an unknown key": ({"speed": 3, "dlc": 0}, Message()),
    "a text for data, as before msgpack had bin": ({"data": "xy"}, Message(data=b"xy")),
    "FD data of no FD length": (
        {"is_fd": True, "data": b"0123456789"},
        Message(is_fd=True, data=b"0123456789\0\0"),
    ),
    "an error frame that is FD": (
        {"is_error_frame": True, "is_fd": True},
        Message(is_error_frame=True),
    ),
}


@each(OURS)
def canbus_takes_more(given: tuple[dict[str, Any], Message]) -> None:
    ours, theirs, dropped = both_hear(msgpack.packb(given[0]))
    expect_same([given[1]], ours, FRAME)
    expect(dropped, 0)
    # The list of differences is to stay true.
    assert not theirs or differences(theirs[0], ours[0], FRAME), "no difference"


def both_hear(datagram: bytes) -> tuple[list[Message], list[Message], int]:
    """What canbus and python-can make of a datagram, and how many canbus says were lost."""
    group, port = GROUPS["IPv4"], next(PORTS)
    last = Message(arbitration_id=0x7FF, is_extended_id=False)
    with python_bus(group, port) as bus, receiver(group, port, 2) as process:
        bus._multicast.send(datagram)
        try:
            theirs = [bus.recv(timeout=3)]
        except CanOperationError:
            theirs = []
        bus.send(last)
        # Whether or not the receiver took the datagram, it ends with two messages.
        bus.send(last)
        got, dropped = received(process)
    return [message for message in got if message.arbitration_id != 0x7FF], theirs, dropped


if __name__ == "__main__":
    main()
