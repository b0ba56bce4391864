"""Locks of the whole process, and forks: a child has them as they were in its parent."""

from __future__ import annotations

import os
from typing import Any


def keep(lock: Any) -> None:
    """Forks only while nobody holds this lock, so that the child finds it free."""
    register = getattr(os, "register_at_fork", None)
    if register is not None:
        register(
            before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release
        )
