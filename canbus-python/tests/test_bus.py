"""Buses and what stands around them, where no other suite looks."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from unittest import mock

import canbus as can
import pytest


def message(number=1, **arguments):
    return can.Message(arbitration_id=number, is_extended_id=False, **arguments)


@pytest.fixture
def pair(request):
    with can.Bus(request.node.name, interface="virtual") as one:
        with can.Bus(request.node.name, interface="virtual") as two:
            yield one, two


def test_own_messages_come_only_when_asked_for_and_are_not_received(pair):
    one, two = pair
    with can.Bus(one.channel_id, interface="virtual", receive_own_messages=True) as own:
        own.send(message())
        assert own.recv(1).is_rx is False
        assert one.recv(1).is_rx is True
    one.send(message())
    assert one.recv(0) is None
    assert two.recv(1) is not None


def test_a_filter_with_a_width_refuses_the_other(pair):
    one, two = pair
    two.set_filters([{"can_id": 1, "can_mask": 0x7FF, "extended": True}])
    one.send(message(1))
    one.send(can.Message(arbitration_id=1, is_extended_id=True))
    assert two.recv(1).is_extended_id
    assert two.recv(0) is None


def test_what_no_frame_can_be_is_not_sent(pair):
    one, two = pair
    for wrong in (message(0x800), message(data=bytes(9)), message(data=bytes(9), is_fd=True)):
        with pytest.raises(ValueError):
            one.send(wrong)
    assert two.recv(0) is None


def test_any_object_with_the_attributes_is_sent(pair):
    one, two = pair

    class Lookalike:
        timestamp = 0.0
        arbitration_id = 5
        is_extended_id = is_rx = True
        is_remote_frame = is_error_frame = is_fd = False
        bitrate_switch = error_state_indicator = False
        channel = None
        dlc = 2
        data = [1, 2]

    one.send(Lookalike())
    received = two.recv(1)
    assert (received.arbitration_id, received.data) == (5, b"\x01\x02")


def test_waiting_threads_share_what_comes(pair):
    one, two = pair
    received = []
    threads = [threading.Thread(target=lambda: received.append(two.recv(10))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for number in range(20):
        one.send(message(number))
    for thread in threads:
        thread.join(10)
    assert sorted(one.arbitration_id for one in received) == list(range(20))


def test_closing_wakes_a_waiting_recv(pair):
    _, two = pair
    errors = []

    def wait():
        try:
            two.recv()
        except can.CanOperationError as error:
            errors.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.1)
    two.shutdown()
    thread.join(5)
    assert len(errors) == 1


def test_periodic_tasks_end_with_the_bus(pair):
    one, two = pair
    task = one.send_periodic(message(), 0.005)
    assert two.recv(1) is not None
    one.shutdown()
    assert task.stopped
    while two.recv(0):
        pass
    assert two.recv(0.1) is None


def test_new_data_of_a_periodic_task_is_sent(pair):
    one, two = pair
    task = one.send_periodic(message(data=b"a"), 0.005)
    assert two.recv(1).data == b"a"
    task.modify_data(message(data=b"b"))
    deadline = time.monotonic() + 5
    while two.recv(1).data != b"b":
        assert time.monotonic() < deadline
    for wrong in (message(2, data=b"b"), [message(data=b"b")] * 2):
        with pytest.raises(ValueError):
            task.modify_data(wrong)
    task.stop()


def test_the_old_name_of_the_interface_is_taken_with_a_warning():
    with pytest.warns(DeprecationWarning, match="bustype"):
        can.Bus(bustype="virtual", channel="old").shutdown()


def test_an_unknown_interface_is_told_with_the_nearest():
    with pytest.raises(can.CanInterfaceNotImplementedError, match="did you mean 'virtual'"):
        can.Bus(interface="virtual2")


def test_every_interface_has_a_class_that_opens_or_says_what_is_missing():
    for interface in can.VALID_INTERFACES:
        if interface in ("virtual", "udp_multicast", "socketcan", "simulated"):
            continue
        with pytest.raises(can.CanInterfaceNotImplementedError, match=interface):
            can.Bus(interface=interface, channel=0)


def test_errors_carry_their_code():
    error = can.CanOperationError("text", error_code=5)
    assert (error.error_code, str(error)) == (5, "text [Error Code 5]")


class Third(can.BusABC):
    """A driver of a third party that forgets the constructor of its base."""

    def __init__(self, incoming):
        self.incoming = list(incoming)
        self.sent = []

    def send(self, msg, timeout=None):
        self.sent.append(msg)

    def _recv_internal(self, timeout):
        if not self.incoming:
            time.sleep(min(timeout or 0, 0.01))
            return None, False
        return self.incoming.pop(0), False


def test_a_foreign_driver_works_without_the_constructor_of_its_base():
    bus = Third([message(1), message(2)])
    bus.set_filters([{"can_id": 2, "can_mask": 0x7FF}])
    assert bus.recv(1).arbitration_id == 2
    task = bus.send_periodic(message(), 0.005)
    time.sleep(0.1)
    task.stop()
    assert len(bus.sent) > 2
    notifier = can.Notifier(bus, [lambda _: None], timeout=0.1)
    notifier.stop()
    bus.shutdown()


def test_a_changed_recv_is_what_is_called(pair):
    one, _ = pair
    with mock.patch.object(can.BusABC, "recv", return_value="patched"):
        assert one.recv(0) == "patched"
    with mock.patch("canbus.BusABC.shutdown") as shutdown:
        bus = can.Bus(interface="virtual", channel="forgotten")
        del bus
        gc.collect()
        shutdown.assert_called()


class Heard(can.Listener):
    def __init__(self, fails=False, handles=False):
        self.messages, self.errors, self.stopped = [], [], False
        self.fails, self.handles = fails, handles

    def on_message_received(self, msg):
        self.messages.append(msg)
        if self.fails:
            raise ValueError("from the listener")

    def on_error(self, exc):
        self.errors.append(exc)
        if not self.handles:
            raise NotImplementedError

    def stop(self):
        self.stopped = True


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_an_error_that_a_listener_handles_does_not_end_the_notifier(pair):
    one, two = pair
    failing, other = Heard(fails=True, handles=True), Heard()
    with can.Notifier(two, [failing, other], timeout=0.1) as notifier:
        one.send(message(1))
        one.send(message(2))
        wait_until(lambda: len(failing.errors) == 2)
        assert isinstance(notifier.exception, ValueError)
        assert len(failing.messages) == 2
    assert failing.stopped
    assert other.stopped


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_that_nobody_handles_ends_the_thread_and_is_kept(pair):
    one, two = pair
    failing = Heard(fails=True)
    notifier = can.Notifier(two, [failing], timeout=0.1)
    one.send(message())
    wait_until(lambda: notifier.exception is not None)
    one.send(message())
    time.sleep(0.1)
    assert len(failing.messages) == 1
    notifier.stop()


def test_a_notifier_stops_soon_on_a_silent_bus(pair):
    _, two = pair
    notifier = can.Notifier(two, [], timeout=60)
    start = time.monotonic()
    notifier.stop()
    assert time.monotonic() - start < 5


INTERRUPTED = """
import canbus, sys
bus = canbus.Bus(interface="virtual", channel="x")
print("ready", flush=True)
try:
    bus.recv({timeout})
except KeyboardInterrupt:
    print("interrupted")
bus.shutdown()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
@pytest.mark.parametrize("timeout", ["", "60"])
def test_control_c_ends_a_waiting_recv(timeout):
    program = INTERRUPTED.format(timeout=timeout)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.2)
        start = time.monotonic()
        os.kill(process.pid, signal.SIGINT)
        assert process.stdout.read() == b"interrupted\n"
        assert time.monotonic() - start < 5


def test_what_the_library_logs_comes_under_the_names_of_python_can(caplog):
    import socket

    group, port = "239.74.163.9", 43999
    with can.Bus(group, interface="udp_multicast", port=port, network_interface="lo") as bus:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.setsockopt(
                socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1")
            )
            other.sendto(b"nonsense", (group, port))
        bus.recv(0.5)
        bus.recv(0)
    records = [one for one in caplog.records if one.name == "can.interfaces.udp_multicast"]
    assert len(records) == 1
    assert records[0].levelname == "WARNING"


def in_child(body):
    """Runs it in a child; gives the status with which that ended."""
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(20)
            body()
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_a_bus_that_was_opened_before_a_fork_says_so_in_the_child(pair):
    one, two = pair
    task = one.send_periodic(message(5), 0.01)
    # A thread is inside of it when the process forks.
    waiting = threading.Thread(target=lambda: one.recv(5), daemon=True)
    waiting.start()
    time.sleep(0.1)

    def use():
        for call in (
            lambda: one.recv(),
            lambda: one.recv(0),
            lambda: one.send(message()),
            lambda: one.set_filters([{"can_id": 1, "can_mask": 1}]),
            lambda: one.send_periodic(message(), 0.1),
            lambda: task.modify_data(message(5, data=b"1")),
            lambda: next(iter(one)),
        ):
            with pytest.raises(can.CanOperationError, match="before the fork"):
                call()
        # A channel of the same name is another one, with nobody at it.
        with can.Bus(one.channel_id, interface="virtual", receive_own_messages=True) as own:
            own.send(message(7))
            assert own.recv(1).arbitration_id == 7
            assert own.recv(0.05) is None
            # The first thread of the child that sends periodically.
            own.send_periodic(message(8), 0.01)
            assert [own.recv(1).arbitration_id for _ in range(3)] == [8, 8, 8]
        task.stop()
        assert task.stopped
        one.shutdown()
        gc.collect()

    assert in_child(use) == 0
    # The parent's bus and task go on.
    two.send(message(9))
    waiting.join(5)
    assert not waiting.is_alive()
    while two.recv(0) is not None:
        pass
    assert two.recv(1).arbitration_id == 5


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_a_child_leaves_the_log_of_its_parent_alone(tmp_path):
    for suffix in ("blf", "log"):
        path = tmp_path / f"log.{suffix}"
        writer = can.Logger(path)
        writer(message(1))

        def forget(kept=[writer]):
            kept.clear()
            nonlocal writer
            del writer
            gc.collect()

        assert in_child(forget) == 0
        writer(message(2))
        writer.stop()
        assert [one.arbitration_id for one in can.LogReader(path)] == [1, 2]


def test_what_is_received_is_logged_for_who_wants_to_see_it(pair, caplog):
    one, two = pair
    two.send(message(0x11))
    assert one.recv(1) is not None and not caplog.records
    caplog.set_level(9, logger="can")
    two.send(message(0x12))
    one.recv(1)
    seen = threading.Event()
    with can.Notifier(one, [lambda message: seen.set()], timeout=0.1):
        two.send(message(0x13))
        assert seen.wait(5)
    told = [one for one in caplog.records if one.name == "can.bus" and one.levelno == 9]
    assert [record.args[0].arbitration_id for record in told] == [0x12, 0x13]
    assert told[0].getMessage().startswith("Received: Timestamp:")
    can.Bus("x", interface="virtual").shutdown()
    assert "can.util" in [record.name for record in caplog.records]
