"""The interface neovi, which is not a part of canbus yet; but for its errors."""

from __future__ import annotations

from typing import Any

from canbus.exceptions import CanError, CanInitializationError, CanOperationError
from canbus.interfaces._missing import MissingBus, missing


class ICSApiError(CanError):
    """An error that the library of Intrepid Control Systems reports."""

    # How grave it is.
    ICS_SPY_ERR_CRITICAL = 0x10
    ICS_SPY_ERR_QUESTION = 0x20
    ICS_SPY_ERR_EXCLAMATION = 0x30
    ICS_SPY_ERR_INFORMATION = 0x40

    def __init__(
        self,
        error_code: int,
        description_short: str,
        description_long: str,
        severity: int,
        restart_needed: int,
    ) -> None:
        super().__init__(f"{description_short}. {description_long}", error_code)
        self.description_short = description_short
        self.description_long = description_long
        self.severity = severity
        self.restart_needed = restart_needed == 1

    def __reduce__(self) -> tuple[Any, ...]:
        arguments = (
            self.error_code,
            self.description_short,
            self.description_long,
            self.severity,
            self.restart_needed,
        )
        return type(self), arguments, {}

    @property
    def error_number(self) -> Any:
        """The older name of error_code."""
        return self.error_code

    @property
    def is_critical(self) -> bool:
        """Whether nothing works after it."""
        return self.severity == self.ICS_SPY_ERR_CRITICAL


class ICSInitializationError(ICSApiError, CanInitializationError):
    """The bus could not be opened."""


class ICSOperationError(ICSApiError, CanOperationError):
    """An operation on an open bus failed."""


class NeoViBus(MissingBus):
    """A bus of neovi; cannot be opened yet."""

    _missing = missing("neovi")
