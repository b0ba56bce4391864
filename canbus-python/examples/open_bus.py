"""Where the settings of a bus come from: the program, a file, the environment."""

import os
import pathlib
import tempfile

import canbus as can
from canbus.util import load_config


def from_defaults() -> None:
    """Defaults that the program sets for all of its buses."""
    can.rc["interface"] = "virtual"
    can.rc["channel"] = "from rc"
    with can.Bus() as bus:
        print("defaults:", bus.channel_info)
    can.rc.clear()


def from_file(folder: pathlib.Path) -> None:
    """Sections of a file: one for each bus."""
    path = folder / "can.conf"
    path.write_text(
        "[default]\ninterface = virtual\nchannel = low\n\n[HS]\nchannel = high\n", encoding="utf-8"
    )
    for section in (None, "HS"):
        settings = load_config(path=path, context=section)
        with can.Bus(ignore_config=True, **settings) as bus:
            print(f"section {section or 'default'}:", bus.channel_info)


def from_environment() -> None:
    """What the environment says; here it is set by the program itself."""
    os.environ["CAN_INTERFACE"] = "virtual"
    os.environ["CAN_CHANNEL"] = "from environment"
    with can.Bus() as bus:
        print("environment:", bus.channel_info)


if __name__ == "__main__":
    from_defaults()
    with tempfile.TemporaryDirectory() as name:
        from_file(pathlib.Path(name))
    from_environment()
