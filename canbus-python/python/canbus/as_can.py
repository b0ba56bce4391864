"""Runs a program with canbus in the place of python-can.

    python -m canbus.as_can script.py [ARGUMENT]...
    python -m canbus.as_can -m module [ARGUMENT]...
"""

from __future__ import annotations

import os
import runpy
import sys

import canbus


def main() -> None:
    """Runs what the command line names, as `python` would."""
    arguments = sys.argv[1:]
    module = arguments[:1] == ["-m"]
    if module:
        del arguments[0]
    if not arguments:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    canbus.install_as_can()
    sys.argv = arguments
    if module:
        sys.path.insert(0, os.getcwd())
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, os.path.dirname(os.path.abspath(arguments[0])))
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main()
