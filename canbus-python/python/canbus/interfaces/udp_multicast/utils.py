"""What programs ask about this interface."""

from __future__ import annotations


def is_msgpack_installed(raise_exception: bool = True) -> bool:
    """Always: the library brings its own."""
    return True
