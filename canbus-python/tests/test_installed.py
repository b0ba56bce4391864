"""What users install: the wheel, in an environment of its own, with a distribution of plug-ins that is
written for python-can. `CANBUS_WHEELS` is the folder with the wheel and the stand-in.
"""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PLUGINS = '''
"""Plug-ins as other distributions have them: they know of `can` alone."""

import can
from can.io.generic import TextIOMessageReader, TextIOMessageWriter


class PlugBus(can.BusABC):
    def __init__(self, channel="plug", can_filters=None, greeting="", **kwargs):
        self.channel_info = f"{greeting} {channel}"
        self._sent = []
        super().__init__(channel, can_filters, **kwargs)

    def send(self, msg, timeout=None):
        self._sent.append(msg)

    def _recv_internal(self, timeout):
        return (self._sent.pop(0) if self._sent else None), False

    @staticmethod
    def _detect_available_configs():
        return [{"interface": "plug", "channel": "found"}]


class PlugWriter(TextIOMessageWriter):
    def __init__(self, file, append=False, **kwargs):
        super().__init__(file, mode="a" if append else "w")

    def on_message_received(self, msg):
        self.file.write(f"{msg.timestamp} {msg.arbitration_id:x} {msg.data.hex()}\\n")


class PlugReader(TextIOMessageReader):
    def __init__(self, file, **kwargs):
        super().__init__(file, mode="r")

    def __iter__(self):
        for line in self.file:
            time, number, data = line.split(" ")
            yield can.Message(
                timestamp=float(time),
                arbitration_id=int(number, 16),
                is_extended_id=False,
                data=bytes.fromhex(data),
            )
        self.stop()
'''

ENTRY_POINTS = """
[can.interface]
plug = canbus_test_plugins:PlugBus

[can.io.message_reader]
.plug = canbus_test_plugins:PlugReader

[can.io.message_writer]
.plug = canbus_test_plugins:PlugWriter
"""


def plugin_wheel(folder):
    name = "canbus_test_plugins-1"
    files = {
        "canbus_test_plugins.py": PLUGINS,
        f"{name}.dist-info/METADATA": (
            "Metadata-Version: 2.1\nName: canbus-test-plugins\nVersion: 1\n"
            "Requires-Dist: python-can>=4.0\n"
        ),
        f"{name}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{name}.dist-info/entry_points.txt": ENTRY_POINTS,
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{name}.dist-info/RECORD"])
    path = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in {**files, f"{name}.dist-info/RECORD": record}.items():
            wheel.writestr(file, text)
    return path


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Runs a program of the environment."""
    folder = tmp_path_factory.mktemp("installed")
    place = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    wheels = sorted(Path(os.environ["CANBUS_WHEELS"]).glob("*.whl"))
    assert len(wheels) == 2, wheels
    python = place / "bin/python"
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    # Without --no-deps: what the wheels require must be among them.
    install = [*pip, "install", "--quiet", "--no-index", *wheels, plugin_wheel(folder)]
    subprocess.run(install, check=True)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
    }

    def run(program, *arguments):
        command = [place / "bin" / program, *map(str, arguments)]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60
        )
        return done.returncode, done.stdout, done.stderr

    return run


PROGRAM = """
import canbus, can
assert can.Bus is canbus.Bus
assert "plug" in can.VALID_INTERFACES
with can.Bus("here", interface="plug", greeting="hello") as bus:
    assert str(bus) == "hello here"
    bus.send(can.Message(arbitration_id=5))
    assert bus.recv(1).arbitration_id == 5
assert can.detect_available_configs("plug") == [{"interface": "plug", "channel": "found"}]
with can.Logger("log.plug") as log:
    log(can.Message(arbitration_id=6, timestamp=1.5, data=b"ab", is_extended_id=False))
(found,) = can.LogReader("log.plug")
assert (found.arbitration_id, found.timestamp, found.data) == (6, 1.5, b"ab")
print("well")
"""


def test_plug_ins_for_python_can_are_found_and_used(installed):
    assert installed("python", "-c", PROGRAM) == (0, "well\n", "")


def test_the_metadata_are_those_of_the_package(installed):
    code = (
        "from importlib.metadata import version; import canbus; from pathlib import Path\n"
        "print(version('canbus'), canbus.__version__, version('python-can'))\n"
        "print((Path(canbus.__file__).parent / 'py.typed').exists())"
    )
    status, told, error = installed("python", "-c", code)
    assert (status, error) == (0, "")
    assert re.fullmatch(r"(\S+) 4\.6\.1\+canbus\.\1 4\.6\.1\+canbus\nTrue\n", told), told


def test_the_commands_are_there(installed):
    for name in ("logger", "player", "logconvert", "bridge", "viewer"):
        for program in ([f"can_{name}"], ["python", "-m", f"canbus.{name}"], ["python", "-m", f"can.{name}"]):
            status, told, error = installed(*program, "--help")
            assert status == 0 and "usage:" in told, (program, error)


def test_the_commands_know_the_plug_ins(installed):
    installed("python", "-c", PROGRAM)
    assert installed("can_logconvert", "log.plug", "log.csv") == (0, "", "")
    status, told, error = installed("can_player", "-i", "plug", "-c", "there", "log.csv")
    assert (status, error) == (0, ""), error
    assert "Can LogReader" in told
    status, _, error = installed("can_player", "-i", "plugg", "-c", "there", "log.csv")
    assert status != 0 and "plugg" in error
