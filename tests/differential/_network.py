"""A bus that python-can and our command share: a multicast group, each case on a port of its own.

The namespace that the scripts run in has a route for multicast, and nothing leaves it.
"""

from __future__ import annotations

import itertools
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import can
from can import Message

from _harness import eventually, running

GROUP = "239.74.163.2"
_ports = itertools.count(43200)


class Network:
    """The group on a port that no other case has."""

    def __init__(self) -> None:
        self.port = next(_ports)

    def arguments(self) -> list[str]:
        """What opens it in our command, and in python-can's scripts; a file's name may follow."""
        return ["--bus-kwargs", f"port={self.port}", "-i", "udp_multicast", "-c", GROUP]

    @contextmanager
    def bus(self) -> Iterator[can.BusABC]:
        """A bus of python-can in it."""
        with can.Bus(GROUP, "udp_multicast", port=self.port) as bus:
            yield bus

    def send(self, messages: Iterable[Message], pause: float = 0.0) -> None:
        """Sends the messages by python-can."""
        with self.bus() as bus:
            for message in messages:
                bus.send(message)
                if pause:
                    time.sleep(pause)

    @contextmanager
    def listening(self) -> Iterator[Callable[[], list[Message]]]:
        """Collects what python-can hears; the answer is given when nothing comes any more."""
        heard: list[Message] = []
        ended = threading.Event()

        def collect(bus: can.BusABC) -> None:
            while not ended.is_set():
                while message := bus.recv(0.2):
                    heard.append(message)

        def all_heard() -> list[Message]:
            ended.set()
            thread.join()
            return heard

        with self.bus() as bus:
            thread = threading.Thread(target=collect, args=(bus,))
            thread.start()
            try:
                yield all_heard
            finally:
                all_heard()

    @contextmanager
    def logger(self, *arguments: Any) -> Iterator[Ended]:
        """Our logger at work."""
        with running("logger", *arguments, *self.arguments()) as process:
            started = process.stderr.readline()
            eventually(lambda: "Ctrl-C ends it" in started, f"the logger is at work: {started}")
            yield Ended(process)


class Ended:
    """A logger, and how it is ended."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.stdout = self.stderr = ""

    def by(self, signal: int) -> int:
        """Sends the signal and waits for the end; gives the exit code."""
        self.process.send_signal(signal)
        self.stdout, self.stderr = self.process.communicate(timeout=20)
        return self.process.returncode
