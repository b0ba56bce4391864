"""Log files: readers, writers, and what stands around them."""

from __future__ import annotations

from canbus.io.logger import MESSAGE_WRITERS, BaseRotatingLogger, Logger, SizedRotatingLogger
from canbus.io.player import MESSAGE_READERS, LogReader, MessageSync

from canbus.io.asc import ASCReader, ASCWriter
from canbus.io.blf import BLFReader, BLFWriter
from canbus.io.canutils import CanutilsLogReader, CanutilsLogWriter
from canbus.io.csv import CSVReader, CSVWriter
from canbus.io.mf4 import MF4Reader, MF4Writer
from canbus.io.printer import Printer
from canbus.io.sqlite import SqliteReader, SqliteWriter
from canbus.io.trc import TRCFileVersion, TRCReader, TRCWriter

# Modules that programs use without an import of their own.
from canbus.io import (
    asc,
    blf,
    canutils,
    csv,
    generic,
    logger,
    mf4,
    player,
    printer,
    sqlite,
    trc,
)

__all__ = [
    "MESSAGE_READERS",
    "MESSAGE_WRITERS",
    "ASCReader",
    "ASCWriter",
    "BLFReader",
    "BLFWriter",
    "BaseRotatingLogger",
    "CSVReader",
    "CSVWriter",
    "CanutilsLogReader",
    "CanutilsLogWriter",
    "LogReader",
    "Logger",
    "MF4Reader",
    "MF4Writer",
    "MessageSync",
    "Printer",
    "SizedRotatingLogger",
    "SqliteReader",
    "SqliteWriter",
    "TRCFileVersion",
    "TRCReader",
    "TRCWriter",
    "asc",
    "blf",
    "canutils",
    "csv",
    "generic",
    "logger",
    "mf4",
    "player",
    "printer",
    "sqlite",
    "trc",
]
