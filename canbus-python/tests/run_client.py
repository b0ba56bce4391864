"""Runs the tests of a library that stands on python-can twice, and compares test by test.

    run_client.py FOLDER GENUINE CANBUS [PYTEST-ARGUMENT]...

GENUINE and CANBUS are the Pythons of two environments that differ in `can` alone. A test that ends
otherwise on canbus is a failure, unless the genuine package does not pass it at a second try
either. The last line is `N passed, N failed, N skipped`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from run_python_can import run

#: What the libraries' own settings would add is left out.
OPTIONS = ["-o", "addopts="]


def main() -> int:
    folder, genuine, canbus, *arguments = sys.argv[1:]
    place = Path(folder)
    wanted = run(place, [*OPTIONS, *arguments], genuine)
    found = run(place, [*OPTIONS, *arguments], canbus)
    other = different(wanted, found)
    # Some measure time: what ends otherwise is tried again, on both sides.
    if other:
        wanted |= run(place, [*OPTIONS, *arguments], genuine)
        found |= run(place, [*OPTIONS, *arguments], canbus)
        other &= different(wanted, found)
    for name in sorted(other):
        text = found.get(name, ("", ""))[1].strip().splitlines()[-1:] or [""]
        print(f"{name}: genuine {wanted.get(name)}, canbus {found.get(name, ('', ''))[0]}: {text[0]}")
    same = set(wanted) - other
    passed = sum(wanted[name][0] == "passed" for name in same)
    print(f"{passed} passed, {len(other)} failed, {len(same) - passed} skipped")
    return int(bool(other))


def different(wanted: dict[str, tuple[str, str]], found: dict[str, tuple[str, str]]) -> set[str]:
    """The tests that end otherwise, or exist on one side only."""
    names = set(wanted) | set(found)
    return {
        name
        for name in names
        if wanted.get(name, ("missing", ""))[0] != found.get(name, ("missing", ""))[0]
    }


if __name__ == "__main__":
    sys.exit(main())
