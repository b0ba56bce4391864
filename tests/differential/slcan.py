#!/usr/bin/env python3
"""Compares canbus with python-can 4.6.1 as two clients of adapters that speak slcan.

The adapters are emulated behind pseudo-terminals and joined to one CAN bus; what one client sends,
the other one must receive, frame for frame. Without an adapter between them the two clients
understand each other too, because both directions use the same lines. And the adapter may stand
behind pyserial's own server of RFC 2217.

Deliberate differences:

 1. python-can waits two seconds after opening a port; ours goes on as soon as the adapter answers.
 2. python-can opens the channel two times and does not look at answers; ours opens it once, and an
    adapter that refuses to listen only, or a bit rate, is an error.
 3. python-can writes a line for an error frame or a frame with ESI, which have none; ours refuses.
"""

from __future__ import annotations

import os
import select
import socket
import termios
import threading
import tty
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import serial
import serial.rfc2217
from _compare import Keeps, expect_same
from _harness import case, each, eventually, example, expect, main
from _messages import ids, kinds, lengths, mix, remotes
from _peer import arguments, hearing, lines, received, send_by
from can import BitTiming, BitTimingFd, Message
from can.interfaces.slcan import slcanBus

#: Times are those of arrival; channels are no part of a frame.
FRAME = Keeps(time=None, channel=None, direction=False)

#: No frames that have no line.
CARRIED = {"error": False}


def every_kind(fd: bool = True) -> list[Message]:
    """Frames of all kinds, lengths and IDs that have a line."""
    found = [*kinds(fd=fd, **CARRIED).values(), *lengths(fd=fd), *remotes(), *ids()]
    found += mix(200, fd=fd, **CARRIED)
    return [message for message in found if not message.error_state_indicator]


class Adapter:
    """One end of a CAN bus behind a pseudo-terminal."""

    def __init__(self) -> None:
        self.controller, terminal = os.openpty()
        self.name = os.ttyname(terminal)
        # Held open, so that the pseudo-terminal outlives its clients, and raw before they come.
        self.terminal = terminal
        tty.setraw(terminal)
        self.other: Adapter | None = None
        self.given: list[str] = []
        self.open = False
        self._writing = threading.Lock()

    def say(self, text: bytes) -> None:
        with self._writing:
            while text:
                text = text[os.write(self.controller, text) :]

    def obey(self, line: bytes) -> None:
        """Carries out a line of its client."""
        letter = line[:1]
        self.given.append(line.decode())
        if letter in (b"S", b"s", b"Y") and not self.open:
            self.say(b"\r")
        elif letter in (b"O", b"L") and not self.open:
            self.open = True
            self.say(b"\r")
        elif letter == b"C" and self.open:
            self.open = False
            self.say(b"\r")
        elif letter in b"tTrRdDbB" and letter and self.open:
            if self.other and self.other.open:
                self.other.say(line + b"\r")
            self.say(b"Z\r" if letter.isupper() else b"z\r")
        else:
            self.say(b"\x07")

    def close(self) -> None:
        os.close(self.controller)
        os.close(self.terminal)


def serve(adapters: list[Adapter], ended: threading.Event) -> None:
    begun = {adapter.controller: b"" for adapter in adapters}
    by_file = {adapter.controller: adapter for adapter in adapters}
    while not ended.is_set():
        for file in select.select(list(begun), [], [], 0.05)[0]:
            *lines, begun[file] = (begun[file] + os.read(file, 65536)).split(b"\r")
            for line in lines:
                by_file[file].obey(line)


@contextmanager
def joined() -> Iterator[tuple[Adapter, Adapter]]:
    """Two adapters on one CAN bus."""
    first, second = Adapter(), Adapter()
    first.other, second.other = second, first
    ended = threading.Event()
    thread = threading.Thread(target=serve, args=([first, second], ended))
    thread.start()
    try:
        yield first, second
    finally:
        ended.set()
        thread.join()
        first.close()
        second.close()


@contextmanager
def wire() -> Iterator[tuple[str, str]]:
    """Two pseudo-terminals of which each gives what the other one takes."""
    ends = [Adapter(), Adapter()]
    others = {ends[0].controller: ends[1], ends[1].controller: ends[0]}
    ended = threading.Event()

    def copy() -> None:
        while not ended.is_set():
            for file in select.select(list(others), [], [], 0.05)[0]:
                others[file].say(os.read(file, 65536))

    thread = threading.Thread(target=copy)
    thread.start()
    try:
        yield ends[0].name, ends[1].name
    finally:
        ended.set()
        thread.join()
        for end in ends:
            end.close()


@contextmanager
def python_bus(channel: str, **more: Any) -> Iterator[slcanBus]:
    bus = slcanBus(channel, **({"bitrate": 500_000, "sleep_after_open": 0} | more))
    try:
        yield bus
    finally:
        bus.shutdown()


def where(channel: str, **more: Any) -> dict[str, Any]:
    """The options of our bus."""
    return {"channel": channel, "bitrate": 500_000, "fd": True} | more


def heard(bus: slcanBus, count: int) -> list[Message]:
    found: list[Message] = []
    while len(found) < count:
        message = bus.recv(timeout=5)
        if message is None:
            break
        found.append(message)
    return found


@contextmanager
def reading(bus: slcanBus, count: int) -> Iterator[list[Message]]:
    """What python-can hears beside the block; complete after it."""
    found: list[Message] = []
    thread = threading.Thread(target=lambda: found.extend(heard(bus, count)))
    thread.start()
    try:
        yield found
    finally:
        thread.join()


@case
def canbus_hears_what_python_can_sends() -> None:
    sent = every_kind()
    with joined() as (first, second), python_bus(first.name) as bus:
        with hearing(len(sent), "slcan", **where(second.name)) as process:
            for message in sent:
                bus.send(message)
            got, dropped = received(process)
    expect_same(sent, got, FRAME)
    expect(dropped, 0)


@case
def python_can_hears_what_canbus_sends() -> None:
    sent = every_kind()
    with joined() as (first, second), python_bus(second.name) as bus:
        with reading(bus, len(sent)) as got:
            expect(send_by("slcan", sent, **where(first.name)), 0)
    expect_same(sent, got, FRAME)


@case
def the_two_clients_understand_each_other_without_an_adapter() -> None:
    sent = every_kind()
    with wire() as (first, second), python_bus(first) as bus:
        options = where(second, sleep_after_open=0)
        with hearing(len(sent), "slcan", **options) as process:
            for message in sent:
                bus.send(message)
            got, dropped = received(process)
        expect_same(sent, got, FRAME)
        expect(dropped, 0)
        with reading(bus, len(sent)) as got:
            send_by("slcan", sent, **options)
    expect_same(sent, got, FRAME)


#: Options of python-can's bus and of ours that mean the same.
TIMINGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    f"{rate} bit/s": ({"bitrate": rate}, {"bitrate": rate}) for rate in slcanBus._BITRATES
} | {
    "registers": ({"bitrate": None, "btr": "011C"}, {"btr": "011C"}),
    "a timing": (
        {
            "bitrate": None,
            "timing": BitTiming(f_clock=8_000_000, brp=2, tseg1=13, tseg2=2, sjw=1),
        },
        {"brp": 2, "tseg1": 13, "tseg2": 2, "sjw": 1},
    ),
    "a timing of another clock": (
        {
            "bitrate": None,
            "timing": BitTiming(f_clock=16_000_000, brp=4, tseg1=13, tseg2=2, sjw=1),
        },
        {"f_clock": 16_000_000, "brp": 4, "tseg1": 13, "tseg2": 2, "sjw": 1},
    ),
    "a timing of CAN FD": (
        {
            "bitrate": None,
            "timing": BitTimingFd.from_sample_point(
                f_clock=80_000_000,
                nom_bitrate=500_000,
                nom_sample_point=75.0,
                data_bitrate=2_000_000,
                data_sample_point=75.0,
            ),
        },
        {"bitrate": 500_000, "data_bitrate": 2_000_000},
    ),
}


def setting(adapter: Adapter) -> list[str]:
    """The lines that set an adapter's bit rate."""
    return [line for line in adapter.given if line and line[0] in "SsY"]


@each(TIMINGS)
def both_set_the_adapter_by_the_same_commands(given: tuple[dict[str, Any], dict[str, Any]]) -> None:
    theirs, ours = given
    with joined() as (first, second):
        with python_bus(first.name, **theirs):
            eventually(lambda: first.open, "python-can opens it")
        example("bus_peer", "send", 0, *arguments("slcan", channel=second.name, **ours))
        eventually(lambda: second.given[-1:] == ["C"], "it is closed at the end")
        theirs_set, ours_set = (setting(adapter) for adapter in (first, second))
    expect(ours_set, theirs_set)


@case
def both_listen_only_by_the_same_command() -> None:
    with joined() as (first, second):
        with python_bus(first.name, listen_only=True):
            eventually(lambda: first.open, "python-can opens it")
        options = where(second.name, listen_only=True)
        with hearing(1, "slcan", **options):
            pass
    assert "L" in first.given and "O" not in first.given, first.given
    assert "L" in second.given and "O" not in second.given, second.given


class WithoutModemLines(serial.Serial):
    """A port on a pseudo-terminal, which has no modem lines, for a server that asks for them."""

    cts = dsr = ri = cd = property(lambda self: False)

    def _update_dtr_state(self) -> None:
        pass

    def _update_rts_state(self) -> None:
        pass


@contextmanager
def remote(adapter: Adapter) -> Iterator[str]:
    """The adapter behind pyserial's server of RFC 2217; its URL."""
    port = WithoutModemLines(adapter.name, timeout=0.02)
    server = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def answer() -> None:
        client, _ = server.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.settimeout(0.02)

        class Connection:
            def write(self, data: bytes) -> None:
                client.sendall(data)

        manager = serial.rfc2217.PortManager(port, Connection())
        while not ended.is_set():
            if data := port.read(port.in_waiting or 1):
                client.sendall(b"".join(manager.escape(data)))
            try:
                data = client.recv(4096)
            except TimeoutError:
                continue
            if not data:
                break
            port.write(b"".join(manager.filter(data)))
        client.close()

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        host, number = server.getsockname()
        yield f"rfc2217://{host}:{number}"
    finally:
        ended.set()
        thread.join()
        server.close()
        port.close()


@case
def an_adapter_behind_pyserials_server_of_rfc_2217_is_as_one_here() -> None:
    sent = every_kind()[:60]
    with joined() as (first, second), python_bus(first.name) as bus, remote(second) as url:
        with hearing(len(sent), "slcan", **where(f"{url}@57600")) as process:
            expect(baud_rate(second), termios.B57600)
            for message in sent:
                bus.send(message)
            got, dropped = received(process)
    expect_same(sent, got, FRAME)
    expect(dropped, 0)
    with ExitStack() as stack:
        first, second = stack.enter_context(joined())
        bus = stack.enter_context(python_bus(first.name))
        url = stack.enter_context(remote(second))
        with reading(bus, len(sent)) as got:
            send_by("slcan", sent, **where(url))
    expect_same(sent, got, FRAME)


def baud_rate(adapter: Adapter) -> int:
    """The baud rate that the adapter's terminal is set to, as the constant of termios."""
    return termios.tcgetattr(adapter.terminal)[5]


@case
def an_error_frame_and_esi_are_refused() -> None:
    esi = Message(is_fd=True, error_state_indicator=True, data=b"")
    for refused in (Message(is_error_frame=True), esi):
        with joined() as (first, _):
            given = arguments("slcan", **where(first.name))
            done = example("bus_peer", "send", 1, *given, check=False, stdin=lines([refused]))
            expect(done.returncode, 1)
            assert "does not carry" in done.stderr, done.stderr


if __name__ == "__main__":
    main()
