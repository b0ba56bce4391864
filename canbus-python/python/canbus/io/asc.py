"""ASC, the text log of Vector's tools."""

from __future__ import annotations

from typing import Any, Optional, TextIO, Union

from canbus import _core, _later
from canbus.io._native import NativeFileReader, NativeWriter, header_lines
from canbus.io.generic import TextIOMessageReader, TextIOMessageWriter
from canbus.typechecking import StringPathLike

logger = _later.logger(__name__, "can.io.asc")


class ASCReader(NativeFileReader, TextIOMessageReader):
    """Reads an ASC file.

    :param base: how numbers are written in a file that does not say it: `hex` or `dec`
    :param relative_timestamp: count times from the start of the log, without its date
    """

    _format = "asc"

    #: The date as it stands in the file.
    date: Optional[str] = None
    #: The time at which the log began; 0 if times are to be relative.
    start_time = 0.0
    #: Whether the file says that its times are `absolute`, from its start, or `relative`, each from
    #: the one before.
    timestamps_format: Optional[str] = None
    internal_events_logged = False

    def __init__(
        self,
        file: Union[StringPathLike, TextIO],
        base: str = "hex",
        relative_timestamp: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(file, mode="r", **kwargs)
        if not self.file:
            raise ValueError("The given file cannot be None")
        if base not in ("hex", "dec"):
            raise ValueError(f'base should be either "hex" or "dec", not {base!r}')
        self.base = base
        self.relative_timestamp = relative_timestamp
        self._read_header()
        options = {"base": base, "relative_timestamp": relative_timestamp}
        self._start(file, kwargs | options)

    def _read_header(self) -> None:
        for words in header_lines(self.file):
            kind, *rest = [word.lower() for word in words] or [""]
            if kind == "date" and len(rest) > 1:
                self.date = " ".join(words[2:])
                if not self.relative_timestamp:
                    self.start_time = _time_of(words)
            elif kind == "base" and rest[:1] in (["hex"], ["dec"]):
                self.base = rest[0]
                self.timestamps_format = rest[2] if rest[1:2] == ["timestamps"] else "absolute"
            elif [kind, *rest][-3:] == ["internal", "events", "logged"]:
                self.internal_events_logged = kind == "internal"
                return
            elif not kind.startswith("//"):
                return


def _time_of(date: list[str]) -> float:
    """The time of a date's line: that of a message at the beginning of such a log."""
    import io

    log = io.StringIO(f"{' '.join(date)}\nbase hex timestamps absolute\n0.0 1 1 Rx d 0\n")
    try:
        return next(_core.Reader("asc", log, {"relative_timestamp": False})).timestamp
    except (StopIteration, ValueError):
        return 0.0


class ASCWriter(NativeWriter, TextIOMessageWriter):
    """Writes an ASC file.

    :param channel: the channel, counted from 1, of messages that name none
    """

    _format = "asc"

    def __init__(
        self, file: Union[StringPathLike, TextIO], channel: int = 1, **kwargs: Any
    ) -> None:
        append = bool(kwargs.get("append", False))
        super().__init__(file, mode="a" if append else "w", **kwargs)
        self.channel = channel
        options = {"style": "python-can", **kwargs, "channel": channel}
        self._start(file, append, options)

    def log_event(self, message: str, timestamp: Optional[float] = None) -> None:
        """Writes a remark between the messages."""
        if not message:
            logger.debug("ASCWriter: ignoring empty message")
            return
        self._native.log_event(message, timestamp)
