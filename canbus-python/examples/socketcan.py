"""A CAN interface of Linux: sending, waiting with a time, messages at intervals that the kernel keeps.

    socketcan.py [INTERFACE]

Without a controller a virtual interface will do: `ip link add vcan0 type vcan && ip link set vcan0 up`.
"""

import sys
import time

import canbus as can
from canbus.interfaces.socketcan import MultiRateCyclicSendTask


def produce(bus: can.BusABC, number: int) -> None:
    """Sends messages with a number of the sender in them."""
    for count in range(3):
        bus.send(can.Message(arbitration_id=0xC0FFEE, data=[number, count, 0, 1, 3, 1, 4, 1]))
        time.sleep(0.01)


def consume(bus: can.BusABC) -> None:
    """Takes messages until nothing has come for a while."""
    while True:
        message = bus.recv(0.1)
        if message is None:
            print("nothing more came in time")
            return
        print(message)


def repeat(bus: can.BusABC, channel: str) -> None:
    """The kernel sends, whatever this program does meanwhile."""
    task = bus.send_periodic(can.Message(arbitration_id=0x123, data=[1]), period=0.02)
    time.sleep(0.1)
    task.stop()
    # Five times quickly, then slowly.
    message = can.Message(arbitration_id=0x124, data=[2])
    rates = MultiRateCyclicSendTask(channel, 1, [message], 5, 0.01, 0.1)
    time.sleep(0.3)
    rates.stop()


if __name__ == "__main__":
    interface = sys.argv[1] if len(sys.argv) > 1 else "vcan0"
    with can.Bus(interface, interface="socketcan") as sender:
        with can.Bus(interface, interface="socketcan") as receiver:
            produce(sender, 10)
            consume(receiver)
            repeat(sender, interface)
            consume(receiver)
