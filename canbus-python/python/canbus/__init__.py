"""The CAN-bus toolkit, with the API of python-can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from canbus import _core

#: The version of python-can whose API this is, and that of canbus behind it.
__version__ = f"4.6.1+canbus.{_core.__version__}"

if TYPE_CHECKING:
    import logging

    from canbus import ctypesutil, logconvert, logger, player, viewer
    from canbus.interfaces import VALID_INTERFACES

    log: logging.Logger

#: The program's own defaults for every bus.
rc: dict[str, Any] = {}

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

# Modules that programs use without an import of their own.
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

#: Modules that are imported when they are first asked for.
_LATER = ("bridge", "cli", "ctypesutil", "logconvert", "logger", "player", "viewer")


def __getattr__(name: str) -> Any:
    if name == "VALID_INTERFACES":
        return interfaces.VALID_INTERFACES
    if name == "log":
        import logging

        return logging.getLogger("can")
    if name in _LATER:
        import importlib

        return importlib.import_module(f"canbus.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
