"""canbus in the place of python-can: `import can` gives canbus."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import Any, Optional

NAME = "can"
REAL = "canbus"


class _Loader:
    """Gives a module of canbus under another name."""

    def __init__(self, real: str, spec: ModuleSpec) -> None:
        self._real = real
        self._spec = spec

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return importlib.import_module(self._real)

    def exec_module(self, module: ModuleType) -> None:
        # It has run already; only what the import system has written over is mended.
        module.__spec__ = self._spec

    # What `python -m can.logger` needs.

    def get_code(self, fullname: str) -> Optional[CodeType]:
        loader: Any = self._spec.loader
        code: Optional[CodeType] = loader.get_code(self._real)
        return code

    def is_package(self, fullname: str) -> bool:
        return self._spec.submodule_search_locations is not None


class Finder:
    """Finds `can` and all of its submodules in canbus."""

    def find_spec(
        self,
        fullname: str,
        path: Optional[Sequence[str]] = None,
        target: Optional[ModuleType] = None,
    ) -> Optional[ModuleSpec]:
        if fullname != NAME and not fullname.startswith(NAME + "."):
            return None
        real = REAL + fullname[len(NAME) :]
        spec = importlib.util.find_spec(real)
        if spec is None:
            return None
        loader: Any = _Loader(real, spec)
        alias = ModuleSpec(fullname, loader, origin=spec.origin)
        alias.submodule_search_locations = spec.submodule_search_locations
        # The file is known, but not loaded by this loader.
        alias.has_location = False
        return alias


def install_as_can() -> None:
    """Makes `import can`, and any submodule, give canbus.

    :raises ImportError: the genuine python-can was imported already.
    """
    present = sys.modules.get(NAME)
    real = sys.modules[REAL]
    if present is real:
        return
    if present is not None:
        where = getattr(present, "__file__", None) or "an unknown place"
        raise ImportError(
            f"canbus cannot stand in for can: it was imported already, from {where}; "
            "call canbus.install_as_can() before anything imports can"
        )
    finder: Any = Finder()
    sys.meta_path.insert(0, finder)
    sys.modules[NAME] = real
