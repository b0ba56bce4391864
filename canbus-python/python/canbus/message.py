"""A CAN frame that was seen or is to be sent."""

from __future__ import annotations

from canbus._core import Message

__all__ = ["Message"]
