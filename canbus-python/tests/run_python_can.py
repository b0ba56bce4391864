"""Runs python-can's own test suite on canbus and compares with what is expected of each test.

    run_python_can.py SUITE [PATTERN]...
    run_python_can.py SUITE --kernel

SUITE is a folder that holds python-can's folder `test` and nothing that is called `can`. The module
`can` is canbus, by the stand-in distribution of this environment. Patterns choose tests whose name
holds one of them.

`python_can.tsv` says for each test how much of python-can it touches (its class) and what is
expected: `pass`; `timing`, which is `pass` but may be tried again; `wait` for something that canbus
does not have yet; `other` for a test of another inside; `kernel` for what needs a kernel with CAN, as
`--kernel` says that there is; `skip` where the genuine package skips it too. The last line is `N passed, N failed, N skipped`: a test that is expected to pass and does not is
a failure, all others that do not pass are skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

TABLE = Path(__file__).with_name("python_can.tsv")
RESULTS = "CANBUS_SUITE_RESULTS"
TRIES = 3
PASS = ("pass", "timing")
ASKED = ("PUBLIC", "SEMI-1", "SEMI-2")


class Expected(NamedTuple):
    """One row of the table."""

    kind: str
    expected: str
    reason: str


def table() -> dict[str, Expected]:
    lines = TABLE.read_text().splitlines()[1:]
    rows = (line.split("\t") for line in lines)
    return {name: Expected(*rest) for name, *rest in rows}


def name_of(nodeid: str) -> str:
    """`test/x_test.py::Class::test` as the table writes it: `x_test.Class::test`."""
    path, *rest = nodeid.split("::")
    module = path.removeprefix("test/").removesuffix(".py").replace("/", ".")
    return "::".join([".".join([module, *rest[:-1]]), rest[-1]])


# The plugin: this file is loaded by the pytest that it starts.


def pytest_runtest_logreport(report):  # noqa: ANN001, ANN201
    result = report.outcome
    if report.when != "call" and result == "passed":
        return
    with open(os.environ[RESULTS], "a", encoding="utf-8") as file:
        print(json.dumps([name_of(report.nodeid), result, str(report.longrepr or "")]), file=file)


def run(
    suite: Path, selection: list[str], python: str = sys.executable
) -> dict[str, tuple[str, str]]:
    """Runs tests and gives the outcome and text of each."""
    here = str(Path(__file__).parent)
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results")
        results.touch()
        # The tests of MF4 run where this package is, which canbus has no need of.
        Path(folder, "asammdf.py").touch()
        environment = os.environ | {RESULTS: str(results)}
        paths = [here, folder, environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        scripts = str(Path(python).parent)
        environment["PATH"] = os.pathsep.join([scripts, environment["PATH"]])
        options = ["-q", "-p", "no:cacheprovider", "--timeout=300", "-p", "run_python_can"]
        command = [python, "-m", "pytest", *options, "--continue-on-collection-errors"]
        subprocess.run([*command, *selection], cwd=suite, env=environment, check=False)
        outcomes: dict[str, tuple[str, str]] = {}
        for line in results.read_text(encoding="utf-8").splitlines():
            name, outcome, text = json.loads(line)
            # A failure to set up or tear down counts more than what came before.
            if outcomes.get(name, ("", ""))[0] != "failed":
                outcomes[name] = outcome, text
    return outcomes


def node_of(name: str) -> str:
    """The way back from the table's name to pytest's."""
    place, test = name.split("::", 1)
    module, *classes = place.split(".")
    return "::".join([f"test/{module}.py", *classes, test])


def main() -> int:
    suite, *patterns = sys.argv[1:]
    expected = table()
    # It skips what measures time if it believes that it runs in a CI service.
    os.environ.pop("CI", None)
    if patterns == ["--kernel"]:
        os.environ["TEST_SOCKETCAN"] = "true"
        # A kernel that is a program on a busy machine is late now and then.
        expected = {
            name: row._replace(expected="timing")
            for name, row in expected.items()
            if row.expected == "kernel"
        }
        selection = [node_of(name) for name in expected]
    elif patterns:
        expected = {
            name: row
            for name, row in expected.items()
            if row.expected in PASS and any(part in name for part in patterns)
        }
        selection = [node_of(name) for name in expected]
    else:
        selection = ["test"]
    outcomes = run(Path(suite), selection)
    for _ in range(TRIES - 1):
        again = [
            name
            for name, row in expected.items()
            if row.expected == "timing" and outcomes.get(name, ("failed", ""))[0] == "failed"
        ]
        if not again:
            break
        outcomes |= run(Path(suite), [node_of(name) for name in again])
    return report(expected, outcomes)


def report(expected: dict[str, Expected], outcomes: dict[str, tuple[str, str]]) -> int:
    """Prints what came of it, the counts last."""
    passed: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    reasons: Counter[tuple[str, str]] = Counter()
    failed = []
    for name, row in expected.items():
        outcome, text = outcomes.get(name, ("missing", "it was not even collected"))
        wanted[row.kind] += row.expected not in ("skip", "kernel")
        passed[row.kind] += outcome == "passed"
        if outcome == "passed":
            continue
        if row.expected in PASS:
            failed.append((name, outcome, text))
        else:
            reasons[row.expected, row.reason] += 1
    for name in sorted(set(outcomes) - set(expected)):
        # An interface that the genuine package does not have makes another test.
        outcome, text = outcomes[name]
        passed["extra"] += outcome == "passed"
        if outcome == "failed":
            failed.append((name, outcome, text))
    for (kind, reason), count in sorted(reasons.items()):
        print(f"{count:4} {kind}: {reason}")
    for name, outcome, text in failed:
        last = text.strip().splitlines()[-1:] or [""]
        print(f"{outcome}: {name}: {last[0][:160]}")
    counts = ", ".join(f"{kind} {passed[kind]} of {wanted[kind]}" for kind in ASKED)
    print(f"skipped: by class, passed of those that the genuine package passes: {counts}")
    skipped = sum(reasons.values())
    print(f"{sum(passed.values())} passed, {len(failed)} failed, {skipped} skipped")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
