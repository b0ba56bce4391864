"""A program that a type checker must accept as it is: `mypy --strict`. It runs, too."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Optional

import canbus as can


class Counter(can.Listener):
    """Counts what it hears."""

    def __init__(self) -> None:
        self.count = 0

    def on_message_received(self, msg: can.Message) -> None:
        self.count += len(msg.data)


class Loopback(can.BusABC):
    """A driver of a third party."""

    def __init__(self, channel: can.typechecking.Channel) -> None:
        self.channel_info = f"loopback {channel}"
        self._sent: list[can.Message] = []
        super().__init__(channel)

    def send(self, msg: can.Message, timeout: Optional[float] = None) -> None:
        self._sent.append(msg)

    def _recv_internal(self, timeout: Optional[float]) -> tuple[Optional[can.Message], bool]:
        return (self._sent.pop(0) if self._sent else None), False


def messages() -> Iterator[can.Message]:
    for number in range(3):
        yield can.Message(arbitration_id=0x100 + number, data=[number], is_extended_id=False)


async def receive(bus: can.BusABC) -> int:
    reader = can.AsyncBufferedReader()
    loop = asyncio.get_running_loop()
    with can.Notifier(bus, [reader], timeout=0.1, loop=loop):
        for message in messages():
            bus.send(message)
        first = await reader.get_message()
    return first.arbitration_id


def main() -> None:
    with can.Bus(interface="virtual", channel="typed", receive_own_messages=True) as bus:
        counter = Counter()
        with can.Notifier(bus, [counter, print], timeout=0.1):
            task = bus.send_periodic(next(messages()), 0.01, duration=0.05)
            task.stop()
        bus.set_filters([{"can_id": 0x100, "can_mask": 0x7FF, "extended": False}])
        assert asyncio.run(receive(bus)) == 0x100
    with Loopback(3) as other:
        other.send(can.Message(check=True))
        received = other.recv(0.1)
        assert received is not None and received.equals(can.Message())
    timing = can.BitTiming.from_sample_point(8_000_000, 500_000, 87.5)
    assert dict(timing)["brp"] == timing.brp
    rate: int = timing.bitrate
    print(rate, counter.count)


if __name__ == "__main__":
    main()
