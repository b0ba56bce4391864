"""The CAN-bus toolkit, with the API of python-can."""

from __future__ import annotations

import logging
from typing import Any

from canbus import _core

#: The version of python-can whose API this is, and that of canbus behind it.
__version__ = f"4.6.1+canbus.{_core.__version__}"

log = logging.getLogger("can")

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
from canbus.interfaces import VALID_INTERFACES
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
    ctypesutil,
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
