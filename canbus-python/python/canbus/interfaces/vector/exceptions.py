"""The errors of Vector's library, with its status."""

from __future__ import annotations

from typing import Any, TypeVar

from canbus.exceptions import CanError, CanInitializationError, CanOperationError

T = TypeVar("T", bound="VectorError")


class VectorError(CanError):
    """A function of the library failed."""

    def __init__(self, error_code: int, error_string: str, function: str) -> None:
        super().__init__(f"{function} failed ({error_string})", error_code)
        self._args = error_code, error_string, function

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._args, {}

    @classmethod
    def from_generic(cls: type[T], error: VectorError) -> T:
        """The same error as one of this class."""
        return cls(*error._args)


class VectorInitializationError(VectorError, CanInitializationError):
    """The bus could not be opened."""


class VectorOperationError(VectorError, CanOperationError):
    """An operation on an open bus failed."""
