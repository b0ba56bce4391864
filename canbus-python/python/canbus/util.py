"""Configuration, conversions, and helpers for drivers."""

from __future__ import annotations

import functools
import os
import sys
import warnings
from collections.abc import Iterable
from time import get_clock_info, perf_counter, time
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar, Union, cast

import canbus
from canbus import _core, _later, interfaces, typechecking
from canbus.exceptions import CanInitializationError, CanInterfaceNotImplementedError

if TYPE_CHECKING:
    from canbus.bit_timing import BitTiming, BitTimingFd

    VALID_INTERFACES: frozenset[str]

log = _later.logger(__name__, "can.util")


def __getattr__(name: str) -> Any:
    if name == "VALID_INTERFACES":
        return interfaces.VALID_INTERFACES
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


#: The length in bytes for each data length code of CAN FD.
CAN_FD_DLC = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64]

REQUIRED_KEYS = ["interface", "channel"]

#: The configuration files; where they differ, the last wins.
CONFIG_FILES = ["~/can.conf"]

if sys.platform in ("linux", "darwin"):
    CONFIG_FILES += ["/etc/can.conf", "~/.can", "~/.canrc"]
elif sys.platform == "win32":
    CONFIG_FILES += ["can.ini", os.path.join(os.getenv("APPDATA", ""), "can.ini")]


def load_file_config(
    path: Optional[typechecking.StringPathLike] = None, section: str = "default"
) -> dict[str, str]:
    """A section of the configuration files, or of the file given; empty if there is none."""
    paths = [os.path.expanduser(one) for one in CONFIG_FILES] if path is None else [path]
    return _core.file_section(paths, section)


def load_environment_config(context: Optional[str] = None) -> dict[str, str]:
    """The settings in CAN_INTERFACE, CAN_CHANNEL, CAN_BITRATE and CAN_CONFIG, which is JSON.

    A context is put behind the names of the variables, with an underscore.
    """
    suffix = f"_{context}" if context else ""
    settings: dict[str, str] = {}
    text = os.environ.get(f"CAN_CONFIG{suffix}")
    if text:
        import json

        settings.update(json.loads(text))
    for key in ("interface", "channel", "bitrate"):
        value = os.environ.get(f"CAN_{key.upper()}{suffix}")
        if value:
            settings[key] = value
    return settings


def load_config(
    path: Optional[typechecking.StringPathLike] = None,
    config: Optional[dict[str, Any]] = None,
    context: Optional[str] = None,
) -> typechecking.BusConfig:
    """The configuration of a bus: for each key the first source that has it.

    The sources are `config`, `can.rc`, the environment of the context, the environment, and the
    sections of the context and `default` of the files.

    :raises CanInterfaceNotImplementedError: the interface is unknown, or there is none.
    """
    sources: list[Callable[[], dict[str, Any]]] = [
        lambda: dict(config or {}),
        lambda: dict(canbus.rc),
        lambda: dict(load_environment_config(context)),
        load_environment_config,
        lambda: dict(load_file_config(path, context)) if context else {},
        lambda: dict(load_file_config(path)),
    ]
    merged: dict[str, Any] = {}
    for source in sources:
        settings = source()
        # The name of old; in each source by itself.
        old = settings.pop("bustype", None)
        if old is not None and not settings.get("interface"):
            settings["interface"] = old
        for key, value in settings.items():
            merged.setdefault(key, cast_from_string(value) if isinstance(value, str) else value)
    bus_config = _create_bus_config(merged)
    log.debug("can config: %s", bus_config)
    return bus_config


def _create_bus_config(config: dict[str, Any]) -> typechecking.BusConfig:
    """Checks what python-can checks, and makes a timing of its parts."""
    for key in REQUIRED_KEYS:
        config.setdefault(key, None)
    if config["interface"] not in interfaces.VALID_INTERFACES:
        from canbus.interface import _unknown

        raise CanInterfaceNotImplementedError(_unknown(config["interface"]))
    if "port" in config:
        config["port"] = _port(config["port"])
    state = config.get("state")
    if isinstance(state, str):
        from canbus.bus import BusState

        try:
            config["state"] = BusState[state]
        except KeyError:
            words = ", ".join(one.name for one in BusState)
            raise ValueError(f"state is {state}, but expected one of {words}") from None
    timing = _dict2timing(config)
    if timing is not None:
        config["timing"] = timing
    if "fd" in config:
        fd = config["fd"]
        config["fd"] = fd not in ("0", "no", "off", "false", "False", 0, False)
    return cast("typechecking.BusConfig", config)


def _port(port: Any) -> int:
    if isinstance(port, str):
        if not port.isdigit():
            raise ValueError(f"port is {port}, but expected a whole number")
        port = int(port)
    if not isinstance(port, int):
        raise TypeError(f"port is {port!r}, but expected a whole number")
    if not 0 < port < 65535:
        raise ValueError(f"port is {port}, but expected 1 to 65534")
    return port


def _dict2timing(data: dict[str, Any]) -> Union[BitTiming, BitTimingFd, None]:
    """The timing whose arguments are all there, which are taken out."""
    if "f_clock" not in data:
        return None
    from canbus.bit_timing import BitTiming, BitTimingFd

    classes: tuple[type[Union[BitTiming, BitTimingFd]], ...] = (BitTimingFd, BitTiming)
    for timing in classes:
        keys = timing._KEYS
        if all(key in data for key in keys):
            return timing(**{key: int(data.pop(key)) for key in keys}, strict=False)
    return None


def set_logging_level(level_name: str) -> None:
    """Sets what is logged: critical, error, warning, info, debug or subdebug."""
    level = {"critical": 50, "error": 40, "warning": 30, "info": 20, "debug": 10, "subdebug": 9}
    import logging

    logging.getLogger("can").setLevel(level.get(str(level_name).lower(), 10))
    log.debug("Logging set to %s", level_name)


def len2dlc(length: int) -> int:
    """The data length code of CAN FD for so many bytes, the next longer one if need be."""
    for code, longest in enumerate(CAN_FD_DLC):
        if longest >= length:
            return code
    return 15


def dlc2len(dlc: int) -> int:
    """The length in bytes for a data length code of CAN FD."""
    return CAN_FD_DLC[dlc] if 0 <= dlc <= 15 else 64


def channel2int(channel: Optional[typechecking.Channel]) -> Optional[int]:
    """The number of a channel: itself, or the digits at the end of its name."""
    if isinstance(channel, int):
        return channel
    if isinstance(channel, str):
        digits = channel[len(channel.rstrip("0123456789")) :]
        if digits:
            return int(digits)
    return None


F = TypeVar("F", bound=Callable[..., Any])


def deprecated_args_alias(
    deprecation_start: str,
    deprecation_end: Optional[str] = None,
    **aliases: Optional[str],
) -> Callable[[F], F]:
    """A decorator for functions whose arguments have got other names.

    Each alias is an old name and the new one, or None for an argument that has no effect any more.
    """

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            _rename_kwargs(function.__name__, deprecation_start, deprecation_end, kwargs, aliases)
            return function(*args, **kwargs)

        return cast("F", wrapper)

    return decorate


def _rename_kwargs(
    func_name: str,
    start: str,
    end: Optional[str],
    kwargs: dict[str, Any],
    aliases: dict[str, Optional[str]],
) -> None:
    for old, new in aliases.items():
        if old not in kwargs:
            continue
        value = kwargs.pop(old)
        notice = f"The '{old}' argument is deprecated since python-can v{start}"
        if end:
            notice += f", and scheduled for removal in python-can v{end}"
        notice += "."
        if new is not None:
            notice += f" Use '{new}' instead."
        warnings.warn(notice, DeprecationWarning, stacklevel=3)
        if new is not None:
            if new in kwargs:
                raise TypeError(f"{func_name} received both '{old}' (deprecated) and '{new}'.")
            kwargs[new] = value


T = TypeVar("T", "BitTiming", "BitTimingFd")


def check_or_adjust_timing_clock(timing: T, valid_clocks: Iterable[int]) -> T:
    """The timing if its clock is one of these, else the same at the first of them that allows it.

    :raises CanInitializationError: none does.
    """
    clocks = list(valid_clocks)
    if timing.f_clock in clocks:
        return timing
    for clock in clocks:
        try:
            adjusted = timing.recreate_with_f_clock(clock)
        except ValueError:
            continue
        warnings.warn(
            f"Adjusted f_clock in {type(timing).__name__} from {timing.f_clock} to {clock}",
            stacklevel=2,
        )
        return adjusted
    listed = ", ".join(map(str, clocks))
    raise CanInitializationError(
        f"f_clock is {timing.f_clock}, but expected a clock that the device has, or a timing that "
        f"one of them allows: {listed}"
    )


def time_perfcounter_correlation() -> tuple[float, float]:
    """The time, and the performance counter at that time."""
    # A clock of coarse steps is read at the beginning of one.
    if get_clock_info("time").resolution > 1e-5:
        begin = time()
        while True:
            now, counter = time(), perf_counter()
            if now != begin:
                return now, counter
    return time(), perf_counter()


def cast_from_string(string_val: str) -> Union[str, int, float, bool]:
    """The number or flag that a text spells, else the text."""
    return _core.guess(string_val)
