"""SocketCAN from Python, inside a kernel that has it: `cargo xtask test kernel`.

Interfaces vcan0 to vcan3 are there and up.
"""

import gc
import itertools
import os
import subprocess
import sys
import time
from pathlib import Path

import canbus as can
import pytest
from canbus.interfaces.socketcan import CyclicSendTask, MultiRateCyclicSendTask, SocketcanBus
from canbus.interfaces.socketcan.socketcan import create_bcm_socket, create_socket

CHANNELS = itertools.cycle(["vcan0", "vcan1", "vcan2", "vcan3"])


def message(number=0x123, **arguments):
    return can.Message(arbitration_id=number, is_extended_id=False, **arguments)


@pytest.fixture
def buses():
    channel = next(CHANNELS)
    with SocketcanBus(channel) as sender, SocketcanBus(channel) as receiver:
        yield sender, receiver


def pauses(bus, count):
    """The pauses between the next messages, in seconds."""
    times = [bus.recv(2).timestamp for _ in range(count + 1)]
    return [later - earlier for earlier, later in zip(times, times[1:])]


def tasks_of_kernel():
    """What the broadcast manager has to send, as /proc/net/can-bcm tells it."""
    folder = "/proc/net/can-bcm"
    texts = [open(os.path.join(folder, name)).read() for name in os.listdir(folder)]
    return sum(text.count("tx_op: ") for text in texts)


def test_periodic_tasks_are_those_of_the_kernel(buses):
    sender, receiver = buses
    task = sender.send_periodic(message(data=b"a"), 0.02)
    assert isinstance(task, CyclicSendTask) and tasks_of_kernel() == 1
    assert 0.015 < sum(pauses(receiver, 20)) / 20 < 0.03
    task.modify_data(message(data=b"b"))
    assert any(receiver.recv(1).data == b"b" for _ in range(5))
    task.stop()
    assert tasks_of_kernel() == 0
    while receiver.recv(0.1) is not None:
        pass
    task.start()
    assert receiver.recv(1).data == b"b"
    # Closing the bus is the end of its tasks.
    sender.shutdown()
    while receiver.recv(0.1) is not None:
        pass
    assert tasks_of_kernel() == 0


def test_a_task_can_be_kept_from_the_kernel():
    channel = next(CHANNELS)
    with SocketcanBus(channel, kernel_periodic=False) as bus, SocketcanBus(channel) as receiver:
        bus.send_periodic(message(), 0.02)
        assert receiver.recv(1) is not None and tasks_of_kernel() == 0


def test_a_duration_is_kept_by_the_kernel(buses):
    sender, receiver = buses
    task = sender.send_periodic([message(data=b"a"), message(data=b"b")], 0.02, duration=0.1)
    assert [receiver.recv(1).data for _ in range(5)] == [b"a", b"b", b"a", b"b", b"a"]
    assert receiver.recv(0.2) is None and task.stopped


def test_a_callback_changes_messages_on_a_thread_of_python(buses):
    sender, receiver = buses

    def count(one):
        one.data[0] += 1

    with pytest.warns(UserWarning, match="thread-based"):
        sender.send_periodic(message(data=[0]), 0.02, modifier_callback=count)
    assert [receiver.recv(1).data[0] for _ in range(3)] == [1, 2, 3]


def test_a_multi_rate_task_sends_at_one_period_and_then_at_another(buses):
    _, receiver = buses
    task = MultiRateCyclicSendTask(receiver.channel, 1, [message()], 4, 0.02, 0.2)
    assert tasks_of_kernel() == 1
    short, long = pauses(receiver, 6)[:3], pauses(receiver, 2)
    assert max(short) < 0.1 < min(long), (short, long)
    task.modify_data(message(data=b"other"))
    assert any(receiver.recv(1).data == b"other" for _ in range(3))
    task.stop()
    assert receiver.recv(0.4) is None


def test_a_task_is_made_with_a_socket_of_the_broadcast_manager(buses):
    _, receiver = buses
    with create_bcm_socket(receiver.channel) as socket:
        task = CyclicSendTask(socket, 1, message(), 0.02, autostart=False)
        assert receiver.recv(0.1) is None
        task.start()
        assert receiver.recv(1).arbitration_id == 0x123
        task.stop()
        del task
        gc.collect()
        assert tasks_of_kernel() == 0
    with create_socket() as socket, pytest.raises(ValueError, match="broadcast manager"):
        CyclicSendTask(socket, 1, message(), 0.02)


def test_a_forked_child_leaves_the_tasks_of_its_parent_to_the_kernel(buses):
    sender, receiver = buses
    task = sender.send_periodic(message(), 0.02)
    child = os.fork()
    if child == 0:
        task.stop()
        sender.shutdown()
        os._exit(0)
    os.waitpid(child, 0)
    time.sleep(0.05)
    while receiver.recv(0) is not None:
        pass
    assert receiver.recv(1) is not None and tasks_of_kernel() == 1
    receiver.send(message(7))
    assert any(sender.recv(1).arbitration_id == 7 for _ in range(50))


def test_the_example_runs():
    example = Path(__file__).parents[2] / "examples/socketcan.py"
    command = [sys.executable, example, next(CHANNELS)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("00c0ffee") == 3 and ran.stdout.count("nothing more came") == 2
    assert ran.stdout.count("00000123") > 3 and ran.stdout.count("00000124") > 5
