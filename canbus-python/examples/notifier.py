"""A notifier reads a bus in a thread of its own and calls functions and objects."""

import tempfile
from pathlib import Path

import canbus as can


class Counter(can.Listener):
    """Counts messages, and hears of failures."""

    def __init__(self) -> None:
        self.count = 0

    def on_message_received(self, msg: can.Message) -> None:
        self.count += 1

    def on_error(self, exc: Exception) -> None:
        print("a listener failed:", exc)


def picky(message: can.Message) -> None:
    """A plain function is a listener, too."""
    if message.arbitration_id == 2:
        raise RuntimeError("I do not like 2")


def main(folder: Path) -> None:
    counter, reader = Counter(), can.BufferedReader()
    path = folder / "log.asc"
    with can.Bus("notified", interface="virtual", receive_own_messages=True) as bus:
        listeners = [counter, reader, can.Printer(), can.Logger(path), picky]
        with can.Notifier(bus, listeners, timeout=0.1) as notifier:
            assert can.Notifier.find_instances(bus) == (notifier,)
            for number in range(5):
                bus.send(can.Message(arbitration_id=number))
            for _ in range(5):
                assert reader.get_message(1) is not None
    print(counter.count, "messages;", sum(1 for _ in can.LogReader(path)), "in the file")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        main(Path(name))
