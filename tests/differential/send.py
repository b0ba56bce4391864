"""`canbus send` sends what python-can would write as candump does; python-can receives."""

import itertools

import _messages as messages
import can
from _compare import Keeps, expect_same
from _harness import canbus, case, expect, main, scratch
from _network import Network
from can import Message

#: A receiver sees its own time and channel, and that it received.
RECEIVED = Keeps(time=None, channel=None, direction=False)


def sendable() -> list[Message]:
    log = [*messages.kinds().values(), *messages.lengths(), *messages.remotes(), *messages.ids()]
    # What python-can writes for an error frame tells less than it had.
    return [message for message in log if not message.is_error_frame]


def as_arguments(log: list[Message]) -> list[str]:
    """The frames as python-can's writer of candump's format has them."""
    file = scratch() / "a.log"
    with can.Logger(file) as writer:
        for message in log:
            writer(message)
    return [line.split()[2] for line in file.read_text().splitlines()]


@case
def python_can_hears_every_frame_of_the_command_line():
    log = sendable()
    arguments = as_arguments(log)
    file = scratch() / "b.log"
    lines = (f"({index}.000000) can0 {frame} R\n" for index, frame in enumerate(arguments))
    file.write_text("".join(lines))
    with can.LogReader(file) as reader:
        expected = list(reader)
    network = Network()
    with network.listening() as heard:
        done = canbus("send", *arguments, *network.arguments())
    expect_same(expected, heard(), RECEIVED)
    expect(f"sent {len(log)} frames to" in done.stderr, True, done.stderr)


@case
def periodic_frames_come_so_often_and_no_oftener():
    network = Network()
    with network.listening() as heard:
        canbus("send", "100#01", "200##1AABB", "--every", "5ms", "-n", 40, *network.arguments())
    found = heard()
    for raw in (0x100, 0x200):
        of = [message for message in found if message.arbitration_id == raw]
        expect(len(of), 40, f"frames of {raw:x}")
        times = [message.timestamp for message in of]
        took = times[-1] - times[0]
        expect(0.18 < took < 2, True, f"{took} s for 39 periods of 5 ms")
        bursts = sum(after - before < 0.001 for before, after in itertools.pairwise(times))
        expect(bursts < 10, True, f"{bursts} of {raw:x} came right behind the one before")


@case
def as_many_frames_come_in_a_duration_as_from_python_can():
    found = []
    for mine in (True, False):
        network = Network()
        with network.listening() as heard:
            if mine:
                every = ["--every", "0.02", "--duration", 0.3]
                canbus("send", "123#0102", *every, *network.arguments())
            else:
                with network.bus() as bus:
                    message = Message(arbitration_id=0x123, is_extended_id=False, data=[1, 2])
                    task = bus.send_periodic(message, 0.02, duration=0.3)
                    task.thread.join()
        found.append(heard())
    expect(len(found[0]), 15)
    # Theirs looks at the clock, and leaves some out where it is late.
    theirs = len(found[1])
    expect(0 < theirs <= 16, True, f"python-can sent {theirs}")
    expect_same(found[1][:15], found[0][:theirs], RECEIVED)


if __name__ == "__main__":
    main()
