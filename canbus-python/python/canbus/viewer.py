"""Shows the messages of a bus in the terminal, a line for each ID: `python -m canbus.viewer`."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import struct
import sys
import time
from typing import TYPE_CHECKING, Any, Optional

import canbus
from canbus.cli import (
    _set_logging_level_from_namespace,
    add_bus_arguments,
    create_bus_from_namespace,
)
from canbus.typechecking import TDataStructs

if TYPE_CHECKING:
    from canbus.bus import BusABC
    from canbus.message import Message

logger = logging.getLogger("can.viewer")

try:
    import curses
    import curses.ascii
except ImportError:  # as on Windows without windows-curses
    logger.warning("The viewer needs the module curses, which is not installed")
    curses = None  # type: ignore[assignment]

#: The columns: where each begins, and its heading.
_COUNT, _TIME, _DT, _ID, _DLC, _DATA, _VALUES = 0, 8, 23, 35, 47, 52, 77
_HEADINGS = (
    (_COUNT, "Count"),
    (_TIME, "Time"),
    (_DT, "dt"),
    (_ID, "ID"),
    (_DLC, "DLC"),
    (_DATA, "Data"),
)
#: A byte takes so many columns.
_BYTE = 3
#: Pairs of colours.
_PLAIN, _ERROR, _CHANGED = 0, 1, 2
#: Seconds between two looks at the keyboard.
_TICK = 0.001
#: Sorts extended IDs behind all standard ones.
_EXTENDED = 1 << 32


class CanViewer:
    """The screen and what is on it."""

    def __init__(
        self, stdscr: Any, bus: BusABC, data_structs: Optional[TDataStructs], testing: bool = False
    ) -> None:
        self.stdscr = stdscr
        self.bus = bus
        self.data_structs = data_structs
        #: For each ID its row, the last message, how many there were, and the time between the
        #: last two.
        self.ids: dict[int, dict[str, Any]] = {}
        self.start_time: Optional[float] = None
        self.scroll = 0
        self.paused = False
        #: How many frames the bus has lost, as far as it knows and it is shown.
        self.dropped = 0
        self.highlight_changed_bytes = False
        self.previous_values: dict[int, dict[int, int]] = {}
        self.y, self.x = stdscr.getmaxyx()
        stdscr.nodelay(True)
        curses.curs_set(0)
        curses.use_default_colors()
        curses.init_pair(_ERROR, curses.COLOR_RED, -1)
        curses.init_pair(_CHANGED, curses.COLOR_CYAN, curses.COLOR_BLUE)
        if not testing:
            self.run()

    def run(self) -> None:
        """Shows messages until the user ends it, then closes the bus."""
        self.draw_header()
        while True:
            if self.paused:
                time.sleep(_TICK)
            else:
                message = self.bus.recv(timeout=_TICK)
                if message is not None:
                    self.draw_can_bus_message(message)
                self._look_for_losses()
            key = self.stdscr.getch()
            if key in (curses.ascii.ESC, ord("q")):
                break
            self._handle(key)
            if curses.is_term_resized(self.y, self.x):
                self._resize()
        self.bus.shutdown()

    def _look_for_losses(self) -> None:
        """Shows it when frames were lost on the way to here."""
        dropped = getattr(self.bus, "dropped", None)
        if isinstance(dropped, int) and dropped != self.dropped:
            self.dropped = dropped
            self._draw_losses()

    def _draw_losses(self) -> None:
        if self.dropped:
            text = f"{self.dropped} lost"
            self.draw_line(0, _DATA + 16, text, curses.color_pair(_ERROR))

    def _handle(self, key: int) -> None:
        """Does what a key says."""
        if key == ord("c"):
            self.ids = {}
            self.start_time = None
            self.scroll = 0
            self.draw_header()
        elif key == ord("h"):
            self.highlight_changed_bytes = not self.highlight_changed_bytes
            if not self.highlight_changed_bytes:
                self.previous_values.clear()
            self.draw_header()
        elif key == ord("s"):
            self.draw_header()
            for row, one in enumerate(sorted(self.ids), start=1):
                self.ids[one]["row"] = row
                self.draw_can_bus_message(self.ids[one]["msg"], sorting=True)
        elif key == curses.ascii.SP:
            self.paused = not self.paused
        elif key == curses.KEY_UP and self.scroll > 0:
            self.scroll -= 1
            self.redraw_screen()
        elif key == curses.KEY_DOWN and self.scroll <= len(self.ids) - self.y + 1:
            self.scroll += 1
            self.redraw_screen()

    def _resize(self) -> None:
        self.y, self.x = self.stdscr.getmaxyx()
        if hasattr(curses, "resizeterm"):
            curses.resizeterm(self.y, self.x)
        self.redraw_screen()

    @staticmethod
    def unpack_data(cmd: int, cmd_to_struct: TDataStructs, data: bytes) -> list[float]:
        """The values in the data of a message; `cmd` is its ID.

        :raises ValueError: no structure is known for it
        """
        if not cmd_to_struct or not data:
            return []
        for key, value in cmd_to_struct.items():
            if cmd != key if isinstance(key, int) else cmd not in key:
                continue
            if not isinstance(value, tuple):
                return list(value.unpack(data))
            form, *scales = value
            raw = zip(form.unpack(data), scales)
            return [one // by if isinstance(by, int) else float(one) / by for one, by in raw]
        raise ValueError(f"Unknown command: 0x{cmd:02X}")

    def draw_can_bus_message(self, msg: Message, sorting: bool = False) -> dict[str, Any]:
        """Puts a message into its line, and gives what is known of its ID."""
        key = msg.arbitration_id | (_EXTENDED if msg.is_extended_id else 0)
        if not sorting:
            self._count(key, msg)
        line = self.ids[key]
        row = line["row"]
        color = curses.color_pair(_ERROR if msg.is_error_frame else _PLAIN)
        width = 8 if msg.is_extended_id else 3
        start = self.start_time or 0.0
        self.draw_line(row, _COUNT, str(line["count"]), color)
        self.draw_line(row, _TIME, f"{line['msg'].timestamp - start:.6f}", color)
        self.draw_line(row, _DT, f"{line['dt']:.6f}", color)
        self.draw_line(row, _ID, f"0x{msg.arbitration_id:0{width}X}", color)
        self.draw_line(row, _DLC, str(msg.dlc), color)
        self._draw_data(row, key, msg, color)
        if self.data_structs:
            self._draw_values(line, msg, color)
        return line

    def _count(self, key: int, msg: Message) -> None:
        """Takes account of a new message."""
        known = self.ids.get(key)
        if known is None:
            if not self.start_time:
                self.start_time = msg.timestamp
            self.ids[key] = {"row": len(self.ids) + 1, "count": 1, "msg": msg, "dt": 0}
            return
        before = known["msg"]
        if msg.dlc != before.dlc:
            if msg.dlc < before.dlc:
                blank = " " * ((before.dlc - msg.dlc) * _BYTE - 1)
                self.draw_line(known["row"], _DATA + msg.dlc * _BYTE, blank)
            known |= {"count": 1, "msg": msg, "dt": 0}
            return
        known["dt"] = msg.timestamp - before.timestamp
        known["msg"] = msg
        known["count"] += 1

    def _draw_data(self, row: int, key: int, msg: Message, color: int) -> None:
        before = self.previous_values.setdefault(key, {})
        for index, byte in enumerate(msg.data):
            column = _DATA + index * _BYTE
            if column > self.x - 2:
                self.draw_line(row, column - 4, "...", color)
                break
            this = color
            if self.highlight_changed_bytes:
                if before.get(index, byte) != byte:
                    this = curses.color_pair(_CHANGED)
                before[index] = byte
            self.draw_line(row, column, f"{byte:02X}", this)

    def _draw_values(self, line: dict[str, Any], msg: Message, color: int) -> None:
        try:
            values = self.unpack_data(msg.arbitration_id, self.data_structs or {}, bytes(msg.data))
        except (ValueError, struct.error):
            return
        texts = [f"{one:.6f}" if isinstance(one, float) else str(one) for one in values]
        text = " ".join(texts)
        line["values_string_length"] = len(text)
        self.draw_line(line["row"], _VALUES, text.ljust(self.x), color)

    def draw_line(self, row: int, col: int, txt: str, *args: Any) -> None:
        """Writes text, as far as its row is on the screen."""
        if row < self.scroll:
            return
        try:
            self.stdscr.addstr(row - self.scroll, col, txt, *args)
        except curses.error:
            # The terminal is too small for it.
            pass

    def draw_header(self) -> None:
        """Begins an empty screen."""
        self.stdscr.erase()
        for column, heading in _HEADINGS:
            self.draw_line(0, column, heading, curses.A_BOLD)
        if self.highlight_changed_bytes:
            self.draw_line(0, _DATA + 5, "(changed)", curses.color_pair(_CHANGED))
        if self.data_structs:
            self.draw_line(0, _VALUES, "Parsed values", curses.A_BOLD)
        self._draw_losses()

    def redraw_screen(self) -> None:
        """Writes everything anew."""
        self.draw_header()
        for line in self.ids.values():
            self.draw_can_bus_message(line["msg"], sorting=True)


_DECODE_HELP = """\
how data become values: ID:FORMAT, or ID:FORMAT:SCALE:..., or a file with one of these in each line.
IDs are hexadecimal; FORMAT is one of Python's module struct, as <BHL for one, two and four bytes,
little-endian. Each value is divided by its SCALE; by a whole number without a remainder"""

_EPILOG = """\
keys:
  q, escape  end
  c          forget all messages
  s          sort by ID
  h          highlight bytes that change
  space      pause
  up, down   scroll
"""


def _parse_viewer_args(args: list[str]) -> tuple[argparse.Namespace, TDataStructs]:
    """The arguments, and how data become values."""
    parser = argparse.ArgumentParser(
        "python -m can.viewer",
        description="Shows the messages of a CAN bus in the terminal.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_bus_arguments(parser, filter_arg=True, group_title="bus arguments")
    parser.add_argument(
        "--version", action="version", version=f"%(prog)s (version {canbus.__version__})"
    )
    parser.add_argument("-d", "--decode", nargs="+", default="", help=_DECODE_HELP)
    parser.add_argument(
        "-v", action="count", dest="verbosity", default=2, help="tell more of what happens"
    )
    if not args:
        parser.print_help(sys.stderr)
        raise SystemExit(errno.EINVAL)
    results, unknown = parser.parse_known_args(args)
    if unknown:
        print("Unknown arguments:", unknown)
    lines = results.decode
    if lines and os.path.isfile(lines[0]):
        with open(lines[0], encoding="utf-8") as file:
            lines = file.read().splitlines()
    return results, dict(_structure(line) for line in lines)


def _structure(line: str) -> tuple[int, Any]:
    """An ID and its structure, with scales if there are any."""
    number, form, *scales = line.split(":")
    structure = struct.Struct(form)
    if not scales:
        return int(number, 16), structure
    return int(number, 16), (structure, *map(_scale, scales))


def _scale(text: str) -> float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def main() -> None:
    """The program."""
    results, data_structs = _parse_viewer_args(sys.argv[1:])
    bus = create_bus_from_namespace(results)
    _set_logging_level_from_namespace(results)
    curses.wrapper(CanViewer, bus, data_structs)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
