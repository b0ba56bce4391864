"""Log files read and written by us, as python-can's messages: what the scripts of formats share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import _messages
from _harness import example, expect
from can import Message


def ours(file: Path, *options: str, status: int = 0) -> list[Message]:
    """Reads a file with our reader; the status says whether it is expected to complain."""
    done = example("dump_log", file, *options, check=False)
    expect(done.returncode, status, done.stderr)
    return [message(json.loads(line)) for line in done.stdout.splitlines()]


def message(line: dict[str, Any]) -> Message:
    """A message from a line of ``dump_log``."""
    kind = line["kind"]
    dlc = line["dlc"] if kind in ("data", "remote") else line["len"]
    return Message(
        timestamp=line["timestamp_ns"] / 1e9,
        arbitration_id=line["id"],
        is_extended_id=line["extended"],
        is_remote_frame=kind == "remote",
        is_error_frame=kind == "error",
        is_fd=kind == "fd",
        bitrate_switch=line["brs"],
        error_state_indicator=line["esi"],
        dlc=dlc,
        data=bytes.fromhex(line["data"]),
        channel=line["channel"],
        is_rx=line["direction"] == "rx",
    )


def line(message: Message) -> str:
    """A message as a line for ``make_log``."""
    kinds = [
        ("error", message.is_error_frame),
        ("remote", message.is_remote_frame),
        ("fd", message.is_fd),
    ]
    return json.dumps(
        {
            # A double's seconds as python-can's own writer takes them would lose some digits.
            "timestamp_ns": round(message.timestamp * 1e6) * 1000,
            "id": message.arbitration_id,
            "extended": message.is_extended_id,
            "kind": next((kind for kind, is_it in kinds if is_it), "data"),
            "dlc": message.dlc,
            "data": message.data.hex(),
            "brs": message.bitrate_switch,
            "esi": message.error_state_indicator,
            "channel": message.channel,
            "direction": "rx" if message.is_rx else "tx",
        }
    )


def write_ours(file: Path, messages: list[Message], *arguments: str) -> None:
    """Writes a file with our writer; arguments are flags of ``make_log`` and options."""
    flags = [argument for argument in arguments if argument.startswith("--")]
    options = [argument for argument in arguments if not argument.startswith("--")]
    stdin = "".join(line(message) + "\n" for message in messages)
    example("make_log", *flags, file, *options, stdin=stdin)


def everything() -> dict[str, list[Message]]:
    """All the generated messages; those of one list lie in one file."""
    return {
        "kinds": list(_messages.kinds().values()),
        "lengths": _messages.lengths(),
        "remotes": _messages.remotes(),
        "ids": _messages.ids(),
        "channels": _messages.channels(),
        "mix": _messages.mix(3000),
    }


def directed(messages: list[Message]) -> list[Message]:
    """Error frames are received ones in python-can's files."""
    for message in messages:
        message.is_rx = message.is_rx or message.is_error_frame
    return messages
