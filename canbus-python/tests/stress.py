"""Threads that use one process's buses all at once: senders, receivers, notifiers, periodic tasks,
buses that open and close, the garbage collector, forks.

    stress.py [SECONDS]

Ends with `N passed, N failed, N skipped`: a check for each kind of thread, that nothing stood still,
and that memory stayed flat. A crash or a standstill ends it without that line.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import random
import signal
import sys
import threading
import time
from typing import Any, Callable

import canbus as can

CHANNELS = [f"stress-{number}" for number in range(3)]
#: How much memory may grow after the first quarter of the time.
GROWTH = 1.1
SLACK = 6 << 20


class Run:
    """What all threads share."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds
        self.counts: dict[str, int] = {}
        self.errors: list[str] = []
        self.lock = threading.Lock()

    def goes_on(self) -> bool:
        return time.monotonic() < self.end and not self.errors

    def count(self, name: str, number: int = 1) -> None:
        with self.lock:
            self.counts[name] = self.counts.get(name, 0) + number


def message() -> can.Message:
    size = random.randrange(9)
    return can.Message(arbitration_id=random.randrange(0x800), data=bytes(size), is_extended_id=False)


def bus() -> can.BusABC:
    return can.Bus(random.choice(CHANNELS), interface="virtual", receive_own_messages=True)


def send(run: Run) -> None:
    with bus() as one:
        for _ in range(200):
            one.send(message())
        run.count("sent", 200)


def receive(run: Run) -> None:
    with bus() as one:
        for _ in range(100):
            if one.recv(0.001) is not None:
                run.count("received")


def share(run: Run) -> None:
    """Several threads in one bus, which is closed while they wait."""
    with bus() as one:

        def take() -> None:
            try:
                while True:
                    one.recv()
            except can.CanOperationError:
                pass

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(50):
            one.send(message())
        one.shutdown()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive(), "a closed bus did not wake a waiting thread"
        run.count("shared")


class Failing(can.Listener):
    def __init__(self) -> None:
        self.count = self.errors = 0

    def on_message_received(self, msg: can.Message) -> None:
        self.count += 1
        if self.count % 7 == 0:
            raise ValueError("on purpose")

    def on_error(self, exc: Exception) -> None:
        assert isinstance(exc, ValueError), exc
        self.errors += 1


def notify(run: Run) -> None:
    listener = Failing()
    with bus() as one, can.Notifier(one, [listener, can.BufferedReader()], timeout=0.1):
        for _ in range(50):
            one.send(message())
        time.sleep(0.02)
    run.count("notified", listener.count)


def repeat(run: Run) -> None:
    with bus() as one:
        tasks = [one.send_periodic(message(), 0.001) for _ in range(5)]
        tasks.append(one.send_periodic(message(), 0.002, modifier_callback=lambda _: None))
        time.sleep(0.03)
        for task in tasks[::2]:
            task.stop()
        run.count("repeated", len(tasks))


def collect(run: Run) -> None:
    kept = [message() for _ in range(1000)]
    for one in kept:
        one.channel = kept  # type: ignore[assignment]
    del kept, one
    gc.collect()
    run.count("collected")
    time.sleep(0.05)


def fork(run: Run) -> None:
    """A child that opens a bus of its own, while all else runs in the parent; that of its parent, in
    which a thread waits, says so.
    """
    inherited = bus()
    waiting = threading.Thread(target=inherited.recv, args=(0.2,))
    waiting.start()
    child = os.fork()
    if child == 0:
        try:
            for call in (inherited.recv, lambda: inherited.send(message())):
                try:
                    call()
                    os._exit(3)
                except can.CanOperationError:
                    pass
            inherited.shutdown()
            gc.collect()
            with can.Bus("child", interface="virtual", receive_own_messages=True) as one:
                one.send(can.Message(arbitration_id=1))
                os._exit(0 if one.recv(5) is not None else 1)
        except BaseException:
            os._exit(2)
    deadline = time.monotonic() + 20
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        if time.monotonic() > deadline:
            # Where it stands.
            os.kill(child, signal.SIGUSR1)
            time.sleep(1)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise AssertionError("a forked child stood still")
        time.sleep(0.01)
    assert status == 0, f"a forked child ended with {status}"
    waiting.join()
    inherited.shutdown()
    run.count("forked")
    time.sleep(0.2)


KINDS: list[Callable[[Run], None]] = [send, receive, share, notify, repeat, collect]
if hasattr(os, "fork"):
    KINDS.append(fork)


def again_and_again(run: Run, kind: Callable[[Run], None]) -> None:
    try:
        while run.goes_on():
            kind(run)
    except BaseException as error:
        run.errors.append(f"{kind.__name__}: {error!r}")


def resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    faulthandler.enable()
    if hasattr(signal, "SIGUSR1"):
        faulthandler.register(signal.SIGUSR1, all_threads=True)
    faulthandler.dump_traceback_later(seconds + 120, exit=True)
    # What is imported with its first use is imported now: a fork in the midst of an import leaves
    # its lock behind, in any program.
    for name in can.__all__:
        getattr(can, name)
    bus().shutdown()
    run = Run(seconds)
    threads = [threading.Thread(target=again_and_again, args=(run, kind)) for kind in KINDS]
    for thread in threads:
        thread.start()
    time.sleep(seconds / 4)
    before = resident()
    for thread in threads:
        thread.join()
    gc.collect()
    after = resident()
    checks: dict[str, Any] = {kind.__name__: True for kind in KINDS}
    for error in run.errors:
        checks[error.split(":")[0]] = False
        print(error)
    checks["memory"] = after <= before * GROWTH + SLACK
    print(run.counts, f"memory {before >> 10} KiB, then {after >> 10} KiB")
    passed = sum(checks.values())
    print(f"{passed} passed, {len(checks) - passed} failed, 0 skipped")
    return int(passed < len(checks))


if __name__ == "__main__":
    sys.exit(main())
