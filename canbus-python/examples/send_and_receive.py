"""One bus sends, another receives: with a time, in a loop, from a thread."""

import threading

import canbus as can


def produce(number: int, count: int) -> None:
    """Sends messages that carry who sent them."""
    with can.Bus("wire", interface="virtual") as bus:
        for index in range(count):
            data = [number, index, 0, 1, 3, 1, 4, 1]
            bus.send(can.Message(arbitration_id=0xC0FFEE, data=data, is_extended_id=True))


def main() -> None:
    with can.Bus("wire", interface="virtual") as bus:
        if bus.recv(0.01) is None:
            print("nothing came within 10 ms")
        producer = threading.Thread(target=produce, args=(7, 3))
        producer.start()
        producer.join()
        for message in bus:
            print(message)
            assert message.data[0] == 7
            if message.data[1] == 2:
                break
        try:
            bus.send(can.Message(arbitration_id=0x800, is_extended_id=False))
        except ValueError as error:
            print("not sent:", error)


if __name__ == "__main__":
    main()
