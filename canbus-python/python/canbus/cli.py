"""Arguments of command lines that open buses."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Optional, Union

import canbus
from canbus.typechecking import CanFilter, TAdditionalCliArgs
from canbus.util import _dict2timing, cast_from_string

if TYPE_CHECKING:
    from canbus.bus import BusABC

#: What add_bus_arguments adds, in the names of the namespace.
_NAMES = (
    "channel",
    "interface",
    "bitrate",
    "fd",
    "data_bitrate",
    "timing",
    "can_filters",
    "bus_kwargs",
)


def add_bus_arguments(
    parser: argparse.ArgumentParser,
    *,
    filter_arg: bool = False,
    prefix: Optional[str] = None,
    group_title: Optional[str] = None,
) -> None:
    """Adds the arguments for one bus: which, how fast, and with filter_arg which messages.

    With a prefix they are called `--PREFIX-channel` and so on, for programs with several buses. What
    is not given is missing in the namespace.
    """
    if group_title is None:
        group_title = f"bus arguments ({prefix})" if prefix else "bus arguments"
    group = parser.add_argument_group(group_title)

    def add(short: Optional[str], name: str, **how: Any) -> None:
        words = [f"--{prefix}-{name}" if prefix else f"--{name}"]
        if short and not prefix:
            words.insert(0, short)
        dest = how.pop("dest", name.replace("-", "_"))
        how["dest"] = f"{prefix}_{dest}" if prefix else dest
        group.add_argument(*words, default=argparse.SUPPRESS, **how)

    add("-c", "channel", help="which channel of the interface, such as can0 or /dev/ttyACM0")
    add(
        "-i",
        "interface",
        choices=sorted(canbus.VALID_INTERFACES),
        help="which kind of adapter; without it, what the configuration files say",
    )
    add("-b", "bitrate", type=int, help="bit rate in bit/s")
    add(None, "fd", action="store_true", help="CAN FD")
    add(None, "data-bitrate", type=int, help="bit rate of the data phase of CAN FD, in bit/s")
    add(
        None,
        "timing",
        action=_BitTimingAction,
        nargs=argparse.ONE_OR_MORE,
        metavar="TIMING_ARG",
        help="bit timing, such as f_clock=8_000_000 brp=1 tseg1=5 tseg2=2 sjw=1 nof_samples=1, or "
        "for CAN FD f_clock=80_000_000 nom_brp=1 nom_tseg1=119 nom_tseg2=40 nom_sjw=40 data_brp=1 "
        "data_tseg1=29 data_tseg2=10 data_sjw=10",
    )
    if filter_arg:
        add(
            None,
            "filter",
            dest="can_filters",
            action=_CanFilterAction,
            nargs=argparse.ONE_OR_MORE,
            metavar="{<can_id>:<can_mask>,<can_id>~<can_mask>}",
            help="take only messages whose ID equals one of these in the bits of its mask, both in "
            "hexadecimal; 100:7FC stands for 100 to 103",
        )
    add(
        None,
        "bus-kwargs",
        action=_BusKwargsAction,
        nargs=argparse.ONE_OR_MORE,
        metavar="BUS_KWARG",
        help="further options of the interface, each as name=value",
    )


def create_bus_from_namespace(
    namespace: argparse.Namespace,
    *,
    prefix: Optional[str] = None,
    **kwargs: Any,
) -> BusABC:
    """Opens the bus that the arguments of add_bus_arguments describe; kwargs win over them."""
    config: dict[str, Any] = {"single_handle": True}
    for name in _NAMES:
        key = f"{prefix}_{name}" if prefix else name
        if hasattr(namespace, key):
            value = getattr(namespace, key)
            if name == "bus_kwargs":
                config.update(value)
            else:
                config[name] = value
    config.update(kwargs)
    try:
        return canbus.Bus(**config)
    except Exception as error:
        raise argparse.ArgumentError(
            None, f"Unable to instantiate bus from given arguments: {error}"
        ) from error


class _CanFilterAction(argparse.Action):
    """Filters in the form of can-utils."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Union[str, Sequence[Any], None],
        option_string: Optional[str] = None,
    ) -> None:
        filters: list[CanFilter] = []
        for text in _texts(values):
            match = re.fullmatch("([^:~]*)([:~])(.*)", text)
            if not match:
                raise argparse.ArgumentError(
                    self, f"filter {text!r}: expected ID:MASK or ID~MASK in hexadecimal"
                )
            can_id, sign, mask = match.groups()
            number, bits = int(can_id, 16), int(mask, 16)
            if sign == "~":
                # The kernel's sign for an inverted filter; what python-can makes of it.
                number |= 0x20000000
                bits &= 0x20000000
            filters.append({"can_id": number, "can_mask": bits})
        setattr(namespace, self.dest, filters)


class _BitTimingAction(argparse.Action):
    """A whole bit timing, each part as name=number."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Union[str, Sequence[Any], None],
        option_string: Optional[str] = None,
    ) -> None:
        parts: dict[str, Any] = {}
        for text in _texts(values):
            name, sign, number = text.partition("=")
            if not sign:
                raise argparse.ArgumentError(self, f"bit timing {text!r}: expected name=number")
            parts[name] = int(number)
        timing = _dict2timing(parts)
        if timing is None:
            raise argparse.ArgumentError(self, "the bit timing is not complete")
        print(timing)
        setattr(namespace, self.dest, timing)


class _BusKwargsAction(argparse.Action):
    """Options of an interface, each as name=value."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Union[str, Sequence[Any], None],
        option_string: Optional[str] = None,
    ) -> None:
        options: dict[str, Union[str, int, float, bool]] = {}
        for text in _texts(values):
            match = re.fullmatch(r"(?P<name>\w+)=(?P<value>.*)", text)
            if not match:
                raise argparse.ArgumentError(self, f"option {text!r}: expected name=value")
            options[match["name"]] = cast_from_string(match["value"])
        setattr(namespace, self.dest, options)


def _texts(values: Union[str, Sequence[Any], None]) -> Iterable[str]:
    if values is None:
        return ()
    return (values,) if isinstance(values, str) else values


def _add_extra_args(parser: Union[argparse.ArgumentParser, argparse._ArgumentGroup]) -> None:
    parser.add_argument(
        "extra_args",
        nargs=argparse.REMAINDER,
        help="options for the log file, each as --name=value; such as --compression-level=9",
    )


def _parse_additional_config(unknown_args: Sequence[str]) -> TAdditionalCliArgs:
    """Arguments `--some-name=value` as a dictionary.

    :raises ValueError: one is no such argument.
    """
    options: TAdditionalCliArgs = {}
    for text in unknown_args:
        match = re.fullmatch(r"--(?P<name>[a-zA-Z0-9-]+)=(?P<value>\S*)", text)
        if not match:
            raise ValueError(f"argument {text!r}: expected --name=value")
        options[match["name"].replace("-", "_")] = cast_from_string(match["value"])
    return options


def _set_logging_level_from_namespace(namespace: argparse.Namespace) -> None:
    """How much is logged, by how often -v was given."""
    if hasattr(namespace, "verbosity"):
        levels = ("critical", "error", "warning", "info", "debug", "subdebug")
        canbus.set_logging_level(levels[min(len(levels) - 1, namespace.verbosity)])
