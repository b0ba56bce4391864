"""Messages at intervals: until they are stopped, for a time, changed while they run."""

import time

import canbus as can

PERIOD = 0.02


def count(bus: can.BusABC) -> int:
    """How many messages wait."""
    number = 0
    while bus.recv(0) is not None:
        number += 1
    return number


def main() -> None:
    with (
        can.Bus("periodic", interface="virtual") as bus,
        can.Bus("periodic", interface="virtual") as other,
    ):
        message = can.Message(arbitration_id=0x123, data=[1, 2, 3, 4], is_extended_id=False)

        task = bus.send_periodic(message, PERIOD)
        assert isinstance(task, can.CyclicSendTaskABC)
        time.sleep(0.2)
        task.stop()
        print("until stopped:", count(other))

        task = bus.send_periodic(message, PERIOD, duration=0.1, store_task=False)
        time.sleep(0.3)
        print("for a time:", count(other))

        task = bus.send_periodic(message, PERIOD)
        assert isinstance(task, can.ModifiableCyclicTaskABC)
        time.sleep(0.1)
        message.data[0] = 0x99
        task.modify_data(message)
        time.sleep(0.1)
        task.stop()
        last = None
        while (received := other.recv(0)) is not None:
            last = received
        assert last is not None and last.data[0] == 0x99
        print("changed:", last)

        def add_counter(changed: can.Message) -> None:
            changed.data[3] = (changed.data[3] + 1) % 256

        task = bus.send_periodic(message, PERIOD, modifier_callback=add_counter)
        time.sleep(0.1)
        bus.stop_all_periodic_tasks()
        print("with a counter:", [received.data[3] for received in iter(lambda: other.recv(0), None)])


if __name__ == "__main__":
    main()
