"""canbus inspect: counts, rates and periods against a calculation over python-can's reader."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import _messages
from _harness import canbus, each, expect, main, scratch
from can import Logger, LogReader


def calculated(file: Path) -> dict[tuple[Any, int, bool], dict[str, Any]]:
    """By channel, ID and width: frames, rate, and mean, spread and ends of the periods."""
    times: dict[tuple[Any, int, bool], list[float]] = {}
    every = []
    with LogReader(file) as reader:
        for message in reader:
            every.append(message.timestamp)
            if not message.is_error_frame:
                key = (message.channel, message.arbitration_id, message.is_extended_id)
                times.setdefault(key, []).append(message.timestamp)
    seconds = max(every) - min(every)
    found = {}
    for key, stamps in times.items():
        periods = [later - earlier for earlier, later in zip(stamps, stamps[1:])]
        found[key] = {"frames": len(stamps), "rate": len(stamps) / seconds, "period": None}
        if periods:
            mean = sum(periods) / len(periods)
            spread = math.sqrt(sum((period - mean) ** 2 for period in periods) / len(periods))
            rank = max(math.ceil(0.99 * len(periods)), 1)
            found[key]["period"] = {
                "min": min(periods),
                "mean": mean,
                "max": max(periods),
                "std_dev": spread,
                "p99": sorted(periods)[rank - 1],
            }
    return found


@each([".blf", ".log", ".trc"])
def counts_rates_and_periods_are_those_of_a_calculation(suffix: str) -> None:
    file = scratch() / f"a{suffix}"
    messages = _messages.mix(6000, fd=suffix != ".trc", remote=suffix != ".trc", error=False)
    for message in messages:
        # Few IDs, so that there are periods.
        message.arbitration_id &= 0x1F
    with Logger(file) as logger:
        for message in messages:
            logger.on_message_received(message)
    wanted = calculated(file)
    (answer,) = json.loads(canbus("inspect", "--json", file).stdout)
    expect(answer["frames"], sum(one["frames"] for one in wanted.values()))
    found = {(one["channel"], one["id"], one["extended"]): one for one in answer["ids"]}
    expect(sorted(found, key=str), sorted(wanted, key=str))
    for key, one in wanted.items():
        ours = found[key]
        expect(ours["frames"], one["frames"], f"{key}")
        expect(math.isclose(ours["rate"], one["rate"], rel_tol=1e-6), True, f"{key} {ours}")
        for name, value in (one["period"] or {}).items():
            # python-can's times are doubles, which step by a quarter of a microsecond.
            near = 0.008 * value if name == "p99" else 0.0
            close = math.isclose(ours["period"][name], value, rel_tol=1e-9, abs_tol=1e-6 + near)
            expect(close, True, f"{key} {name}: {value} {ours}")


if __name__ == "__main__":
    main()
