"""Plug-ins of other distributions, which they declare as entry points."""

from __future__ import annotations

import importlib
import sys
from typing import Any, NamedTuple


class _EntryPoint(NamedTuple):
    """One entry: its name, and where its class is."""

    key: str
    module_name: str
    class_name: str

    def load(self) -> Any:
        """The class."""
        return getattr(importlib.import_module(self.module_name), self.class_name)


def read_entry_points(group: str) -> list[_EntryPoint]:
    """The plug-ins of a group."""
    # Not at the top: it takes longer to import than all of canbus.
    from importlib.metadata import entry_points

    found: Any
    if sys.version_info >= (3, 10):
        found = entry_points(group=group)
    else:
        found = entry_points().get(group, ())
    return [_EntryPoint(one.name, *one.value.split(":", maxsplit=1)) for one in found]
