"""Exceptions: what they are, and the code of the driver in them."""

import canbus as can
from canbus.exceptions import error_check


def main() -> None:
    print(can.CanOperationError(message="Failed to do the thing", error_code=42))
    print(can.CanError(message="Something went wrong"))
    try:
        can.Bus(interface="no such thing", channel=0)
    except can.CanInterfaceNotImplementedError as error:
        print("not opened:", error)
    try:
        with error_check("reading the device failed"):
            raise ZeroDivisionError
    except can.CanOperationError as error:
        print("turned into one of ours:", error)


if __name__ == "__main__":
    main()
