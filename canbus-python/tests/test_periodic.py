"""Periodic tasks: those of the library, and those that call Python for each message."""

import threading
import time

import canbus as can
import pytest


class Noting(can.BusABC):
    """A bus of Python that notes when it sends, and may take its time."""

    def __init__(self, takes=lambda number: 0.0):
        super().__init__("noting")
        self.times = []
        self.takes = takes

    def send(self, msg, timeout=None):
        self.times.append(time.perf_counter())
        time.sleep(self.takes(len(self.times)))

    def _recv_internal(self, timeout):
        return None, False


def message():
    return can.Message(arbitration_id=1, is_extended_id=False, data=[0])


def until(condition):
    limit = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.002)


def test_nothing_is_sent_once_stop_has_returned():
    with Noting() as bus:
        for _ in range(100):
            task = bus.send_periodic(message(), 0.001, modifier_callback=lambda msg: None)
            time.sleep(0.002)
            task.stop()
            sent = len(bus.times)
            time.sleep(0.003)
            assert len(bus.times) == sent


def test_a_callback_may_stop_its_task():
    with Noting() as bus:
        stopped = threading.Event()

        def once(msg):
            task.stop()
            stopped.set()

        task = bus.send_periodic(message(), 0.005, autostart=False, modifier_callback=once)
        task.start()
        assert stopped.wait(10)
        until(lambda: task.stopped)
        assert bus.times == []


def test_stop_does_not_wait_for_ever_for_a_bus_that_hangs():
    hangs = threading.Event()

    class Hanging(Noting):
        def send(self, msg, timeout=None):
            hangs.wait(30)

    with Hanging() as bus:
        task = bus.send_periodic(message(), 0.005)
        time.sleep(0.05)
        start = time.monotonic()
        task.stop()
        assert time.monotonic() - start < 15
        hangs.set()


def test_a_halt_is_not_made_up_for_by_a_burst():
    with Noting(lambda number: 0.3 if number == 5 else 0.0) as bus:
        task = bus.send_periodic(message(), 0.02, duration=0.8)
        until(lambda: task.stopped)
        gaps = [after - before for before, after in zip(bus.times, bus.times[1:])]
        assert sum(gap < 0.005 for gap in gaps) <= 3, gaps
        found = task.statistics
        assert found["missed"] >= 13 and found["worst_lateness"] < 0.3, found
        assert found["sent"] == len(bus.times) and found["refused"] == 0


def test_what_a_bus_does_not_take_is_counted():
    class Refusing(Noting):
        def send(self, msg, timeout=None):
            raise can.CanOperationError("no")

    with Refusing() as bus:
        task = bus.send_periodic(message(), 0.005)
        until(lambda: task.stopped)
        assert (task.statistics["sent"], task.statistics["refused"]) == (0, 1)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_that_is_no_error_of_the_bus_ends_the_task():
    class Broken(Noting):
        def send(self, msg, timeout=None):
            raise RuntimeError("broken")

    with Broken() as bus:
        task = bus.send_periodic(message(), 0.005)
        until(lambda: task.stopped)


@pytest.mark.parametrize("callback", [None, lambda msg: None])
def test_statistics_tell_how_punctual_a_task_is(callback):
    with can.Bus("test_statistics", interface="virtual") as bus:
        task = bus.send_periodic(message(), 0.01, duration=0.1, modifier_callback=callback)
        until(lambda: task.stopped)
        found = task.statistics
        assert 1 <= found["sent"] and found["sent"] + found["missed"] >= 9, found
        assert found["late"] <= found["sent"] and found["worst_lateness"] >= 0
        if callback is None:
            assert sum(count for _, count in found["lateness"]) == found["sent"]
