"""One bus in the hands of several threads. Every bus of canbus may be shared; `ThreadSafeBus` makes the
same of the buses of other packages.
"""

import threading

import canbus as can


def send(bus: can.BusABC, number: int) -> None:
    for count in range(100):
        bus.send(can.Message(arbitration_id=number, data=[count]))


if __name__ == "__main__":
    with can.Bus("shared", interface="virtual") as receiver:
        with can.ThreadSafeBus("shared", interface="virtual") as bus:
            threads = [threading.Thread(target=send, args=(bus, number)) for number in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        counts = [0, 0, 0, 0]
        while (message := receiver.recv(0)) is not None:
            # Those of each thread come in their order.
            assert message.data[0] == counts[message.arbitration_id]
            counts[message.arbitration_id] += 1
        print("received of each thread:", counts)
        assert counts == [100] * 4
