"""The exceptions. All that canbus raises of its own is a CanError."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Optional


class CanError(Exception):
    """Something went wrong with a bus; error_code is the system's or the vendor's number."""

    def __init__(self, message: str = "", error_code: Optional[int] = None) -> None:
        self.error_code = error_code
        super().__init__(
            message if error_code is None else f"{message} [Error Code {error_code}]"
        )


class CanInterfaceNotImplementedError(CanError, NotImplementedError):
    """The interface is unknown, or needs something that is not there."""


class CanInitializationError(CanError):
    """The bus could not be opened."""


class CanOperationError(CanError):
    """An operation on an open bus failed."""


class CanTimeoutError(CanError, TimeoutError):
    """The time that was allowed was up."""


class CanUnsupportedError(CanOperationError, NotImplementedError):
    """This bus cannot do it; nothing was sent."""


@contextmanager
def error_check(
    error_message: Optional[str] = None,
    exception_type: type[CanError] = CanOperationError,
) -> Generator[None, None, None]:
    """Turns any exception inside of the block into one of the given type."""
    try:
        yield
    except Exception as error:
        raise exception_type(str(error) if error_message is None else error_message) from error
