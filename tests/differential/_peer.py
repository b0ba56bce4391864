"""Our end of a bus as a program: the example ``bus_peer``, and its lines of JSON as messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from _harness import example, expect, running
from can import Message


def arguments(backend: str, **options: Any) -> list[str]:
    """A bus as ``bus_peer`` takes it."""
    return [backend, *(f"{name}={value}" for name, value in options.items())]


@contextmanager
def hearing(count: int, backend: str, **options: Any) -> Iterator[Any]:
    """Our program on a bus until it has heard so many messages; it hears when this begins."""
    given = arguments(backend, **options)
    with running("receive", count, *given, program="bus_peer") as process:
        expect(process.stdout.readline(), "ready\n", _said(process))
        yield process


def _said(process: Any) -> str:
    return process.stderr.read() if process.poll() is not None else ""


def received(process: Any, seconds: float = 30.0) -> tuple[list[Message], int]:
    """The messages that our program prints until it ends, and how many it says were lost."""
    out, err = process.communicate(timeout=seconds)
    expect(process.returncode, 0, err)
    *lines, last = [json.loads(line) for line in out.splitlines()]
    return [message(line) for line in lines], last["dropped"]


def send_by(backend: str, messages: list[Message], **options: Any) -> int:
    """Sends messages by our program; returns how many frames it says were lost."""
    given = arguments(backend, **options)
    done = example("bus_peer", "send", len(messages), *given, stdin=lines(messages))
    return json.loads(done.stdout)["dropped"]


def message(line: dict[str, Any]) -> Message:
    """The message that a line stands for."""
    return Message(**(line | {"data": bytes(line["data"])}), check=True)


def lines(messages: list[Message]) -> str:
    """Messages as our program reads them."""
    return "".join(f"{_line(message)}\n" for message in messages)


def _line(message: Message) -> str:
    fields = (
        "timestamp arbitration_id is_extended_id is_remote_frame is_error_frame channel dlc is_fd "
        "bitrate_switch error_state_indicator"
    )
    given = {field: getattr(message, field) for field in fields.split()}
    return json.dumps(given | {"data": list(message.data)})
