"""Two buses over UDP multicast, which may be on different computers."""

import canbus as can
from canbus.interfaces.udp_multicast import UdpMulticastBus


def main() -> None:
    group = UdpMulticastBus.DEFAULT_GROUP_IPv4
    with (
        can.Bus(interface="udp_multicast", channel=group) as sender,
        UdpMulticastBus(channel=group) as receiver,
    ):
        sender.send(can.Message(arbitration_id=0x123, data=[1, 2, 3]))
        message = receiver.recv(2.0)
        assert message is not None and message.data == b"\x01\x02\x03"
        print(message)


if __name__ == "__main__":
    main()
