"""A filter lets a message through if the bits that its mask names are the wanted ones."""

import canbus as can

FILTERS = [
    {"can_id": 0x100, "can_mask": 0x7F0, "extended": False},
    {"can_id": 0x18FF0000, "can_mask": 0x1FFF0000, "extended": True},
]


def main() -> None:
    with (
        can.Bus("filtered", interface="virtual") as sender,
        can.Bus("filtered", interface="virtual", can_filters=FILTERS) as receiver,
    ):
        for number in (0x100, 0x10F, 0x110, 0x7FF):
            sender.send(can.Message(arbitration_id=number, is_extended_id=False))
        sender.send(can.Message(arbitration_id=0x18FF50E5))
        came = []
        while (message := receiver.recv(0.05)) is not None:
            came.append(message.arbitration_id)
        print("through the filters:", [f"{number:#x}" for number in came])
        assert came == [0x100, 0x10F, 0x18FF50E5]
        receiver.set_filters(None)
        sender.send(can.Message(arbitration_id=0x7FF, is_extended_id=False))
        assert receiver.recv(1) is not None


if __name__ == "__main__":
    main()
