"""Log files: readers, writers, and what stands around them."""

from __future__ import annotations
