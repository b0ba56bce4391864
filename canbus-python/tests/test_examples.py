"""Our examples run, and so do those of python-can's source package that need no hardware,
unmodified."""

import os
import subprocess
import sys
from pathlib import Path

import canbus as can
import pytest

OURS = sorted(Path(__file__).parents[1].joinpath("examples").glob("*.py"))
# Those run where there is a CAN interface: kernel/test_socketcan.py.
OURS = [path for path in OURS if path.stem != "socketcan"]
# The others ask for SocketCAN or a serial port, or never end.
THEIRS = [
    "asyncio_demo",
    "cyclic",
    "cyclic_checksum",
    "print_notifier",
    "send_multiple",
    "send_one",
    "vcan_filtered",
]


def run(program, folder, *arguments):
    environment = os.environ | {"CAN_INTERFACE": "virtual", "CAN_CHANNEL": "examples"}
    ran = subprocess.run(
        [sys.executable, program, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def theirs(name):
    """A program of python-can; `cargo xtask` says where its source is."""
    source = os.environ.get("PYTHON_CAN_SOURCE")
    if source is None:
        pytest.skip("the source package of python-can is not there")
    return Path(source, "examples", f"{name}.py")


@pytest.mark.parametrize("program", OURS, ids=lambda path: path.stem)
def test_an_example_runs(program, tmp_path):
    assert run(program, tmp_path)


@pytest.mark.parametrize("name", THEIRS)
def test_an_example_of_python_can_runs(name, tmp_path):
    assert run(theirs(name), tmp_path)


def test_the_converter_of_python_can_converts(tmp_path):
    with can.Logger(tmp_path / "log.asc") as logger:
        for number in range(10):
            logger(can.Message(arbitration_id=number))
    run(theirs("simple_log_converter"), tmp_path, "log.asc", "log.blf")
    assert sum(1 for _ in can.LogReader(tmp_path / "log.blf")) == 10
