"""Calling vendor libraries by ctypes, for plug-ins that do."""

from __future__ import annotations

import ctypes
import logging
import sys
from typing import Any, Callable, Optional, Union

log = logging.getLogger("can.ctypesutil")

__all__ = ["HANDLE", "PHANDLE", "CLibrary"]

if sys.platform == "win32":
    _Base = ctypes.WinDLL
    _function_type = ctypes.WINFUNCTYPE
else:
    _Base = ctypes.CDLL
    _function_type = ctypes.CFUNCTYPE


class CLibrary(_Base):
    """A library whose functions are declared one by one."""

    def __init__(self, library_or_path: Union[str, ctypes.CDLL]) -> None:
        self.func_name: Any
        if isinstance(library_or_path, str):
            super().__init__(library_or_path)
        else:
            super().__init__(library_or_path._name, library_or_path._handle)

    def map_symbol(
        self,
        func_name: str,
        restype: Any = None,
        argtypes: tuple[Any, ...] = (),
        errcheck: Optional[Callable[..., Any]] = None,
    ) -> Any:
        """The function of this name, with its types.

        :raises ImportError: the library has no such function.
        """
        prototype = _function_type(restype, *argtypes)
        try:
            function: Any = prototype((func_name, self))
        except AttributeError:
            raise ImportError(
                f'Could not map function "{func_name}" from library {self._name}'
            ) from None
        function._name = func_name
        if errcheck is not None:
            function.errcheck = errcheck
        return function


if sys.platform == "win32":
    HRESULT = ctypes.HRESULT
    __all__ += ["HRESULT"]
elif sys.platform == "cygwin":

    class HRESULT(ctypes.c_long):
        """A result of a Windows function."""

    __all__ += ["HRESULT"]


class HANDLE(ctypes.c_void_p):
    """A handle of Windows."""


PHANDLE = ctypes.POINTER(HANDLE)
