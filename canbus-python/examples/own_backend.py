"""A backend of one's own. A distribution that declares it as an entry point makes it known to every
program, here by the name `echo`:

    [project.entry-points."can.interface"]
    echo = "own_backend:EchoBus"
"""

from __future__ import annotations

from collections import deque
from typing import Any, Optional

import canbus as can


class EchoBus(can.BusABC):
    """Hears what it sends, with the data turned round."""

    def __init__(self, channel: Any = "echo", **kwargs: Any) -> None:
        self.channel_info = f"echo on {channel}"
        self._waiting: deque[can.Message] = deque()
        super().__init__(channel, **kwargs)

    def send(self, msg: can.Message, timeout: Optional[float] = None) -> None:
        answer = can.Message(arbitration_id=msg.arbitration_id, data=msg.data[::-1])
        self._waiting.append(answer)

    def _recv_internal(self, timeout: Optional[float]) -> tuple[Optional[can.Message], bool]:
        # The filters are left to BusABC.
        return (self._waiting.popleft() if self._waiting else None), False


if __name__ == "__main__":
    with EchoBus(can_filters=[{"can_id": 0x100, "can_mask": 0x700}]) as bus:
        bus.send(can.Message(arbitration_id=0x123, data=b"abc"))
        bus.send(can.Message(arbitration_id=0x223, data=b"abc"))
        print(bus.recv(0))
        assert bus.recv(0) is None
