"""The message class: what real programs do with it beyond the documentation."""

import copy
import gc
import inspect
import pickle
import weakref

import canbus as can
import pytest

NAMES = [
    "timestamp",
    "arbitration_id",
    "is_extended_id",
    "is_remote_frame",
    "is_error_frame",
    "channel",
    "dlc",
    "data",
    "is_fd",
    "is_rx",
    "bitrate_switch",
    "error_state_indicator",
]


def test_the_signature_of_init_names_every_argument():
    parameters = inspect.signature(can.Message.__init__).parameters
    assert list(parameters) == ["self", *NAMES, "check"]
    assert parameters["is_extended_id"].default is True
    assert list(inspect.signature(can.Message).parameters) == [*NAMES, "check"]


def test_a_bytearray_is_kept_and_not_copied():
    data = bytearray(b"abc")
    message = can.Message(data=data)
    assert message.data is data
    message.data[0] = 0
    assert data[0] == 0
    message.data = b"xy"
    assert message.data == b"xy"


def test_an_unknown_attribute_is_refused_and_any_value_is_taken():
    message = can.Message()
    with pytest.raises(AttributeError):
        message.unknown = 1
    message.arbitration_id = "any"
    assert message.arbitration_id == "any"
    del message.dlc
    with pytest.raises(AttributeError):
        message.dlc  # noqa: B018


def test_copies_share_or_copy_the_data():
    message = can.Message(timestamp=1.5, arbitration_id=3, data=b"abc", channel="x", is_rx=False)
    shared, own = copy.copy(message), copy.deepcopy(message)
    assert shared.data is message.data
    assert own.data == message.data
    assert own.data is not message.data
    for other in (shared, own):
        assert message.equals(other, timestamp_delta=0)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_message_is_pickled_with_all_its_attributes(protocol):
    message = can.Message(1.5, 3, False, False, True, "x", 3, b"abc", False, False)
    other = pickle.loads(pickle.dumps(message, protocol))
    assert [getattr(other, name) for name in NAMES] == [getattr(message, name) for name in NAMES]


def test_derived_classes_have_a_constructor_and_attributes_of_their_own():
    class Tagged(can.Message):
        def __init__(self, tag):
            super().__init__(arbitration_id=tag)
            self.tag = tag

    message = Tagged(7)
    assert (message.arbitration_id, message.tag) == (7, 7)
    with can.Bus("derived", interface="virtual", receive_own_messages=True) as bus:
        bus.send(message)
        assert bus.recv(1).arbitration_id == 7


def test_a_message_can_be_referred_to_weakly_and_cycles_are_collected():
    message = can.Message()
    reference = weakref.ref(message)
    message.channel = message
    del message
    gc.collect()
    assert reference() is None


def test_truth_and_length_are_apart():
    assert bool(can.Message()) is True
    assert len(can.Message(dlc=3, is_remote_frame=True)) == 3
    with pytest.raises(ValueError):
        len(can.Message(dlc=-1))


def test_equality_is_identity_and_equals_compares():
    message = can.Message(timestamp=1.0, channel=1)
    assert message == message
    assert message != can.Message(timestamp=1.0, channel=1)
    assert hash(message) == hash(message)
    assert message.equals(can.Message(timestamp=1.0, channel=1))
    assert not message.equals(can.Message(timestamp=1.1, channel=1))
    assert message.equals(can.Message(timestamp=1.1, channel=1), timestamp_delta=None)
    assert not message.equals(can.Message(timestamp=1.0, channel=2))
    assert message.equals(can.Message(timestamp=1.0, channel=2), check_channel=False)
    assert not message.equals(can.Message(timestamp=1.0, channel=1, is_rx=False))


def test_the_expression_makes_the_message_again():
    message = can.Message(
        timestamp=2.25, arbitration_id=0x123, is_extended_id=False, is_rx=False, channel="c", data=[1]
    )
    assert message.equals(eval(repr(message)))  # noqa: S307


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"arbitration_id": 0x800, "is_extended_id": False}, "2\\^11"),
        ({"arbitration_id": 1 << 29}, "2\\^29"),
        ({"arbitration_id": -1}, "negative"),
        ({"data": bytes(9)}, "<= 8"),
        ({"data": bytes(65), "is_fd": True}, "<= 64"),
        ({"dlc": 3, "data": b"1"}, "match"),
        ({"timestamp": float("nan")}, "NaN"),
        ({"bitrate_switch": True}, "FD"),
        ({"is_remote_frame": True, "is_fd": True}, "remote"),
    ],
)
def test_what_is_no_frame_is_refused_when_it_is_checked_or_sent(arguments, word):
    with pytest.raises(ValueError, match=word):
        can.Message(check=True, **arguments)
    message = can.Message(**arguments)
    assert message is not None
