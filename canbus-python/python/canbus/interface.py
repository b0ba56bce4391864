"""Opening a bus by the name of its interface."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any, Optional, Union, cast

from canbus import interfaces as _interfaces
from canbus import _later, typechecking, util
from canbus.exceptions import CanInterfaceNotImplementedError

if TYPE_CHECKING:
    from canbus.bus import BusABC

    BACKENDS: dict[str, tuple[str, str]]

log = _later.logger(__name__, "can.interface")
log_autodetect = _later.logger(__name__, "can.interface.detect_available_configs")


def __getattr__(name: str) -> Any:
    if name == "BACKENDS":
        return _interfaces.BACKENDS
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _get_class_for_interface(interface: str) -> type[BusABC]:
    """The class for an interface.

    :raises CanInterfaceNotImplementedError: there is none, or it cannot be used here.
    """
    try:
        module_name, class_name = _interfaces.BACKENDS[interface]
    except KeyError:
        raise CanInterfaceNotImplementedError(_unknown(interface)) from None
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise CanInterfaceNotImplementedError(
            f"cannot import the module {module_name} of interface {interface!r}: {error}"
        ) from None
    try:
        bus_class = cast("type[BusABC]", getattr(module, class_name))
    except Exception as error:
        raise CanInterfaceNotImplementedError(
            f"cannot find the class {class_name} of interface {interface!r} "
            f"in the module {module_name}: {error}"
        ) from None
    missing = getattr(bus_class, "_missing", None)
    if missing is not None:
        raise CanInterfaceNotImplementedError(missing)
    return bus_class


def _unknown(interface: object) -> str:
    from difflib import get_close_matches

    near = get_close_matches(str(interface), _interfaces.BACKENDS, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"Unknown interface type \"{interface}\"{hint}"


@util.deprecated_args_alias("4.2.0", "5.0.0", bustype="interface", context="config_context")
def Bus(  # noqa: N802
    channel: Optional[typechecking.Channel] = None,
    interface: Optional[str] = None,
    config_context: Optional[str] = None,
    ignore_config: bool = False,
    **kwargs: Any,
) -> BusABC:
    """Opens a bus.

    What is not given comes from `can.rc`, the environment and the configuration files, unless
    ignore_config is set; config_context names a section of theirs. All other arguments are for the
    class of the interface.

    :raises CanInterfaceNotImplementedError: the interface is unknown or cannot be used here.
    :raises CanInitializationError: the bus could not be opened.
    :raises ValueError: an argument has a value that is not allowed.
    """
    if interface is not None:
        kwargs["interface"] = interface
    if channel is not None:
        kwargs["channel"] = channel
    if not ignore_config:
        kwargs = cast("dict[str, Any]", util.load_config(config=kwargs, context=config_context))
    bus_class = _get_class_for_interface(kwargs.pop("interface", None))
    channel = kwargs.pop("channel", channel)
    log.debug("channel=%s class=%s kwargs=%s", channel, bus_class, kwargs)
    # Without a channel each class takes its own default.
    if channel is None:
        return bus_class(**kwargs)
    return bus_class(channel, **kwargs)


def detect_available_configs(
    interfaces: Union[None, str, Iterable[str]] = None,
    timeout: float = 5.0,
) -> Sequence[typechecking.AutoDetectedConfig]:
    """Looks for buses that could be opened now, with all interfaces or those named.

    Each entry is a dictionary of arguments for `Bus`. Interfaces that cannot look, or that fail at it,
    give nothing.
    """
    from concurrent.futures import ThreadPoolExecutor, TimeoutError

    if interfaces is None:
        interfaces = _interfaces.BACKENDS
    elif isinstance(interfaces, str):
        interfaces = (interfaces,)
    names = list(dict.fromkeys(interfaces))
    if not names:
        return []
    found: list[typechecking.AutoDetectedConfig] = []
    pool = ThreadPoolExecutor(max_workers=len(names), thread_name_prefix="detect")
    try:
        searches = [(name, pool.submit(_detect, name)) for name in names]
        deadline = perf_counter() + timeout
        for name, search in searches:
            try:
                found += search.result(max(0.0, deadline - perf_counter()))
            except TimeoutError:
                log_autodetect.debug("the search with interface %s took too long", name)
    finally:
        # Those that are late end by themselves.
        pool.shutdown(wait=False)
    return found


def _detect(interface: str) -> list[typechecking.AutoDetectedConfig]:
    try:
        bus_class = _get_class_for_interface(interface)
    except CanInterfaceNotImplementedError:
        log_autodetect.debug("interface %s cannot be used here", interface)
        return []
    try:
        found = list(bus_class._detect_available_configs())
    except NotImplementedError:
        log_autodetect.debug("interface %s cannot look for buses", interface)
        return []
    except Exception as error:
        log_autodetect.warning("interface %s failed to look for buses: %s", interface, error)
        return []
    for config in found:
        config.setdefault("interface", interface)
    return found
