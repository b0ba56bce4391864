"""can-isotp over a virtual bus. Its source package lacks the helpers of its own tests, so these stand
in for them: they must end alike on the genuine python-can and on canbus.
"""

import time

import can
import isotp
import pytest

ADDRESSES = {
    "normal": (
        isotp.Address(isotp.AddressingMode.Normal_11bits, rxid=0x123, txid=0x456),
        isotp.Address(isotp.AddressingMode.Normal_11bits, rxid=0x456, txid=0x123),
    ),
    "extended": (
        isotp.Address(isotp.AddressingMode.Normal_29bits, rxid=0x18DA0102, txid=0x18DA0201),
        isotp.Address(isotp.AddressingMode.Normal_29bits, rxid=0x18DA0201, txid=0x18DA0102),
    ),
}


@pytest.fixture(params=sorted(ADDRESSES))
def buses(request):
    channel = f"isotp-{request.node.name}"
    with can.Bus(channel, interface="virtual") as one, can.Bus(channel, interface="virtual") as two:
        yield one, two, ADDRESSES[request.param]


def wait_for(layer):
    end = time.monotonic() + 10
    while not layer.available() and time.monotonic() < end:
        time.sleep(0.01)
    return layer.recv()


@pytest.mark.parametrize("size", [1, 7, 8, 200, 4095])
def test_a_payload_arrives_over_the_stack(buses, size):
    one, two, (first, second) = buses
    sender = isotp.CanStack(bus=one, address=first)
    receiver = isotp.CanStack(bus=two, address=second)
    payload = bytes(number % 256 for number in range(size))
    sender.start()
    receiver.start()
    try:
        sender.send(payload)
        assert wait_for(receiver) == payload
    finally:
        sender.stop()
        receiver.stop()


@pytest.mark.parametrize("fd", [False, True])
def test_a_payload_arrives_over_a_notifier(buses, fd):
    one, two, (first, second) = buses
    params = {"can_fd": fd, "tx_data_length": 64 if fd else 8}
    notifiers = [can.Notifier(bus, [], timeout=0.1) for bus in (one, two)]
    layers = [
        isotp.NotifierBasedCanStack(bus=bus, notifier=notifier, address=address, params=params)
        for bus, notifier, address in zip((one, two), notifiers, (first, second))
    ]
    for layer in layers:
        layer.start()
    try:
        layers[0].send(b"question" * 40)
        assert wait_for(layers[1]) == b"question" * 40
        layers[1].send(b"answer" * 50)
        assert wait_for(layers[0]) == b"answer" * 50
    finally:
        for layer in layers:
            layer.stop()
        for notifier in notifiers:
            notifier.stop()


def test_messages_of_other_addresses_are_passed_over(buses):
    one, two, (first, second) = buses
    receiver = isotp.CanStack(bus=two, address=second)
    receiver.start()
    try:
        one.send(can.Message(arbitration_id=0x700, is_extended_id=False, data=[2, 1, 2]))
        one.send(
            can.Message(
                arbitration_id=first.get_tx_arbitration_id(),
                is_extended_id=first.is_tx_29bits(),
                data=[2, 0xAB, 0xCD],
            )
        )
        assert wait_for(receiver) == b"\xab\xcd"
    finally:
        receiver.stop()
