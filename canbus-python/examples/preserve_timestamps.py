"""On a virtual bus a message gets the time at which it was sent, or keeps its own."""

import canbus as can

WRITTEN = 1639740470.051948


def main() -> None:
    message = can.Message(timestamp=WRITTEN, arbitration_id=0xABCDE, data=[1, 2, 3])
    with (
        can.Bus("times", interface="virtual", preserve_timestamps=True) as keeping,
        can.Bus("times", interface="virtual") as other,
    ):
        keeping.send(message)
        kept = other.recv(1)
        other.send(message)
        stamped = keeping.recv(1)
    assert kept is not None and stamped is not None
    assert kept.data == stamped.data == message.data
    assert kept.timestamp == WRITTEN != stamped.timestamp
    print("kept:", kept, "stamped:", stamped, sep="\n")


if __name__ == "__main__":
    main()
