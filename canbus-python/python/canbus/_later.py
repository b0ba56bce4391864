"""What is imported only when it is used: `logging` takes a third of the time of importing canbus."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import logging


class _Logger:
    """Stands for a logger of `logging`, whose place it leaves to it when it is first used."""

    def __init__(self, module: str, name: str) -> None:
        self.__dict__.update(_module=module, _name=name)

    def _logger(self) -> logging.Logger:
        import logging

        logger = logging.getLogger(self._name)
        module = vars(sys.modules[self._module])
        for name in [name for name, value in module.items() if value is self]:
            module[name] = logger
        return logger

    # Others may have imported it before.

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return type(self._logger())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._logger(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._logger(), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._logger(), name)

    def __repr__(self) -> str:
        return repr(self._logger())


def logger(module: str, name: str) -> logging.Logger:
    """The logger of this name, for a variable of this module."""
    return cast("logging.Logger", _Logger(module, name))
