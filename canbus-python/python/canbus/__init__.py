"""The CAN-bus toolkit, with the API of python-can."""

from __future__ import annotations

from canbus import _core

#: Without `typing`, whose import takes as long as all else here.
TYPE_CHECKING = False

#: The version of python-can whose API this is, and that of canbus behind it.
__version__ = f"4.6.1+canbus.{_core.__version__}"

if TYPE_CHECKING:
    import logging
    from typing import Any

    from canbus import bridge, cli, ctypesutil, logconvert, logger, player, viewer
    from canbus.interfaces import VALID_INTERFACES
    from canbus._core import read_columns
    from canbus._install import install_as_can
    from canbus.bit_timing import BitTiming, BitTimingFd
    from canbus.broadcastmanager import (
        CyclicSendTaskABC,
        LimitedDurationCyclicSendTaskABC,
        ModifiableCyclicTaskABC,
        RestartableCyclicTaskABC,
    )
    from canbus.bus import BusABC, BusState, CanProtocol
    from canbus.exceptions import (
        CanError,
        CanInitializationError,
        CanInterfaceNotImplementedError,
        CanOperationError,
        CanTimeoutError,
    )
    from canbus.interface import Bus, detect_available_configs
    from canbus.io import (
        ASCReader,
        ASCWriter,
        BLFReader,
        BLFWriter,
        CanutilsLogReader,
        CanutilsLogWriter,
        CSVReader,
        CSVWriter,
        Logger,
        LogReader,
        MessageSync,
        MF4Reader,
        MF4Writer,
        Printer,
        SizedRotatingLogger,
        SqliteReader,
        SqliteWriter,
        TRCFileVersion,
        TRCReader,
        TRCWriter,
    )
    from canbus.listener import AsyncBufferedReader, BufferedReader, Listener, RedirectReader
    from canbus.message import Message
    from canbus.notifier import Notifier
    from canbus.thread_safe_bus import ThreadSafeBus
    from canbus.util import set_logging_level

    from canbus import (
        bit_timing,
        broadcastmanager,
        bus,
        exceptions,
        interface,
        interfaces,
        io,
        listener,
        message,
        notifier,
        thread_safe_bus,
        typechecking,
        util,
    )

    log: logging.Logger

#: The program's own defaults for every bus.
rc: dict[str, Any] = {}

__all__ = [
    "ASCReader",
    "ASCWriter",
    "AsyncBufferedReader",
    "BLFReader",
    "BLFWriter",
    "BitTiming",
    "BitTimingFd",
    "BufferedReader",
    "Bus",
    "BusABC",
    "BusState",
    "CSVReader",
    "CSVWriter",
    "CanError",
    "CanInitializationError",
    "CanInterfaceNotImplementedError",
    "CanOperationError",
    "CanProtocol",
    "CanTimeoutError",
    "CanutilsLogReader",
    "CanutilsLogWriter",
    "CyclicSendTaskABC",
    "LimitedDurationCyclicSendTaskABC",
    "Listener",
    "LogReader",
    "Logger",
    "MF4Reader",
    "MF4Writer",
    "Message",
    "MessageSync",
    "ModifiableCyclicTaskABC",
    "Notifier",
    "Printer",
    "RedirectReader",
    "RestartableCyclicTaskABC",
    "SizedRotatingLogger",
    "SqliteReader",
    "SqliteWriter",
    "TRCFileVersion",
    "TRCReader",
    "TRCWriter",
    "ThreadSafeBus",
    "VALID_INTERFACES",
    "bit_timing",
    "broadcastmanager",
    "bus",
    "ctypesutil",
    "detect_available_configs",
    "exceptions",
    "install_as_can",
    "interface",
    "interfaces",
    "io",
    "listener",
    "log",
    "message",
    "notifier",
    "rc",
    "read_columns",
    "set_logging_level",
    "thread_safe_bus",
    "typechecking",
    "util",
]

#: Where each name is; the module is imported when somebody first asks for it.
_PLACES = {
    "interfaces": "VALID_INTERFACES",
    "_core": "read_columns",
    "_install": "install_as_can",
    "bit_timing": "BitTiming BitTimingFd",
    "broadcastmanager": (
        "CyclicSendTaskABC LimitedDurationCyclicSendTaskABC ModifiableCyclicTaskABC "
        "RestartableCyclicTaskABC "
    ),
    "bus": "BusABC BusState CanProtocol",
    "exceptions": (
        "CanError CanInitializationError CanInterfaceNotImplementedError "
        "CanOperationError CanTimeoutError "
    ),
    "interface": "Bus detect_available_configs",
    "io": (
        "ASCReader ASCWriter BLFReader BLFWriter CanutilsLogReader CanutilsLogWriter "
        "CSVReader CSVWriter Logger LogReader MessageSync MF4Reader MF4Writer "
        "Printer SizedRotatingLogger SqliteReader SqliteWriter TRCFileVersion "
        "TRCReader TRCWriter "
    ),
    "listener": "AsyncBufferedReader BufferedReader Listener RedirectReader",
    "message": "Message",
    "notifier": "Notifier",
    "thread_safe_bus": "ThreadSafeBus",
    "util": "set_logging_level",
}
_WHERE = {name: module for module, names in _PLACES.items() for name in names.split()}
_MODULES = (
    "bit_timing bridge broadcastmanager bus cli ctypesutil exceptions interface interfaces "
    "io listener logconvert logger message notifier player thread_safe_bus typechecking "
    "util viewer "
).split()


def __getattr__(name: str) -> Any:
    if name == "log":
        import logging

        return logging.getLogger("can")
    import importlib

    if name in _MODULES:
        return importlib.import_module(f"canbus.{name}")
    if name in _WHERE:
        found = getattr(importlib.import_module(f"canbus.{_WHERE[name]}"), name)
        if name != "VALID_INTERFACES":
            # The next time it is at hand.
            globals()[name] = found
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
