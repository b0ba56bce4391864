"""What a message holds, and how it is printed."""

import copy

import canbus as can


def main() -> None:
    message = can.Message(data=[1, 2, 3, 4, 5])
    assert message.dlc == len(message) == 5
    assert bytes(message) == b"\x01\x02\x03\x04\x05"
    print(message)

    # The data can be changed in place.
    message.data[0] = 0xFF
    print(repr(message))

    print(can.Message(is_extended_id=False, arbitration_id=100))
    print(can.Message(data=b"deadbeef"))
    print(can.Message(is_error_frame=True))
    print(can.Message(is_remote_frame=True, dlc=4))
    print(can.Message(is_fd=True, bitrate_switch=True, data=bytes(12)))

    # Two messages are equal when they say the same; == asks whether they are one.
    twin = copy.deepcopy(message)
    assert message.equals(twin) and message != twin
    try:
        can.Message(arbitration_id=0x800, is_extended_id=False, check=True)
    except ValueError as error:
        print("no frame:", error)


if __name__ == "__main__":
    main()
