"""One measurement with one library, in a process of its own: prints CPU seconds.

usage: measure.py LIBRARY TASK FILE FOLDER

LIBRARY is `can` or `canbus`; FILE is a BLF log, beside which there is an ASC log of the same name.
"""

import gc
import importlib
import pathlib
import sys
import time

TASKS = {}


def task(function):
    TASKS[function.__name__] = function
    return function


def timed(body):
    gc.collect()
    start = time.process_time()
    body()
    return time.process_time() - start


def drain(reader):
    for _ in reader:
        pass


@task
def read_blf(can, file, _folder):
    return timed(lambda: drain(can.BLFReader(file)))


@task
def read_asc(can, file, _folder):
    return timed(lambda: drain(can.ASCReader(file.with_suffix(".asc"))))


@task
def write_blf(can, file, folder):
    messages = list(can.BLFReader(file))
    path = folder / f"written-{can.__name__}.blf"

    def write():
        with can.BLFWriter(path) as writer:
            for message in messages:
                writer.on_message_received(message)

    return timed(write)


COUNT = 100_000


def pair(can):
    first = can.Bus(interface="virtual", channel="bench")
    return first, can.Bus(interface="virtual", channel="bench")


@task
def virtual_bus(can, _file, _folder):
    sender, receiver = pair(can)
    message = can.Message(arbitration_id=0x123, data=[1, 2, 3, 4, 5, 6, 7, 8])

    def exchange():
        for _ in range(COUNT):
            sender.send(message)
            receiver.recv(1.0)

    used = timed(exchange)
    sender.shutdown()
    receiver.shutdown()
    return used


@task
def notifier(can, _file, _folder):
    sender, receiver = pair(can)
    message = can.Message(arbitration_id=0x123, data=[1, 2, 3, 4, 5, 6, 7, 8])
    seen = [0]

    def listener(_message):
        seen[0] += 1

    # What waits before it begins is delivered by it; sending is not part of the measurement.
    for _ in range(COUNT):
        sender.send(message)

    def deliver():
        with can.Notifier(receiver, [listener], timeout=0.05):
            while seen[0] < COUNT:
                time.sleep(0.001)

    used = timed(deliver)
    sender.shutdown()
    receiver.shutdown()
    return used


@task
def attributes(can, _file, _folder):
    message = can.Message(arbitration_id=0x123, data=[1, 2, 3, 4, 5, 6, 7, 8])

    def access():
        for _ in range(200_000):
            message.arbitration_id
            message.data
            message.timestamp
            message.is_extended_id

    return timed(access)


@task
def columns(can, file, _folder):
    if can.__name__ == "canbus":
        import pyarrow

        # All of it is there when this comes back.
        return timed(lambda: pyarrow.table(can.read_columns(file)))

    def build():
        names = (
            "timestamp arbitration_id is_extended_id is_remote_frame is_error_frame channel dlc data"
            " is_fd is_rx bitrate_switch error_state_indicator"
        ).split()
        table = {name: [] for name in names}
        for message in can.BLFReader(file):
            for name in names:
                table[name].append(getattr(message, name))

    return timed(build)


def main():
    library, name, file, folder = sys.argv[1:]
    if name in ("start", "start_used"):
        # Importing is all of it; or so that what programs use is there.
        start = time.process_time()
        can = importlib.import_module(library)
        if name == "start_used":
            can.Bus, can.Message, can.Notifier, can.Logger, can.LogReader, can.BusABC, can.util
        print(time.process_time() - start)
        return
    can = importlib.import_module(library)
    print(TASKS[name](can, pathlib.Path(file), pathlib.Path(folder)))


if __name__ == "__main__":
    main()
