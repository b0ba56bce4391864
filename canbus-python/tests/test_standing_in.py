"""canbus in the place of `can`."""

import subprocess
import sys

import pytest


def python(*arguments):
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


CODE = """
import canbus
canbus.install_as_can()
import can
import can.interfaces.virtual, can.io.player
from can.broadcastmanager import CyclicSendTaskABC
import canbus.interfaces.virtual
assert can is canbus
assert can.interfaces.virtual is canbus.interfaces.virtual
assert can.Message is canbus.Message
assert canbus.__spec__.name == "canbus"
canbus.install_as_can()
try:
    import can.no_such_module
except ModuleNotFoundError:
    print("well")
"""


def test_submodules_are_those_of_canbus():
    assert python("-c", CODE) == (0, "well\n", "")


def test_a_genuine_can_that_was_imported_is_not_replaced(tmp_path):
    (tmp_path / "can.py").write_text("genuine = True\n")
    code = (
        f"import sys; sys.meta_path = [one for one in sys.meta_path if '_Hook' not in repr(one)]\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "import can, canbus\ncanbus.install_as_can()"
    )
    status, _, error = python("-c", code)
    assert status == 1
    assert "imported already" in error
    assert "can.py" in error


@pytest.mark.parametrize("way", ["script", "module"])
def test_a_program_runs_with_its_arguments(tmp_path, way):
    program = tmp_path / "program.py"
    program.write_text("import can, sys\nprint(can.__name__, sys.argv[1:], __name__)\n")
    if way == "script":
        arguments = [str(program), "a", "-b"]
    else:
        arguments = ["-m", "program", "a", "-b"]
    done = subprocess.run(
        [sys.executable, "-m", "canbus.as_can", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "canbus ['a', '-b'] __main__\n"


def test_importing_canbus_imports_little_and_everything_is_found_later():
    code = (
        "import sys, canbus\n"
        "print(sorted({'logging', 'typing', 're', 'canbus.io', 'canbus.bus'} & set(sys.modules)))\n"
        "assert canbus.Bus is canbus.interface.Bus\n"
        "names = [name for name in canbus.__all__ if name not in dir(canbus)]\n"
        "for name in dir(canbus): getattr(canbus, name)\n"
        "from canbus import *\n"
        "assert names == [] and Message is canbus.message.Message\n"
        "import logging; assert canbus.log is logging.getLogger('can')\n"
        "assert isinstance(canbus.bus.LOG, logging.Logger)\n"
        "from unittest import mock\n"
        "with mock.patch('canbus.Bus') as bus: assert canbus.Bus is bus\n"
        "assert canbus.Bus is canbus.interface.Bus\n"
    )
    done = python("-c", code)
    assert (done[0], done[2]) == (0, ""), done
    assert done[1] == "[]\n"
