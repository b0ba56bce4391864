"""What every differential script shares: cases, running them, running our programs.

A differential script compares canbus with the genuine python-can. It looks like this::

    from _harness import canbus, case, expect, main, scratch

    @case
    def a_converted_log_keeps_every_frame():
        file = scratch() / "a.log"
        ...
        expect(canbus("convert", file, "b.log").returncode, 0)

    if __name__ == "__main__":
        main()

Messages to feed come from ``_messages``, the comparison of messages from ``_compare``.

``cargo xtask test differential`` runs every script of this folder whose name does not begin with
an underscore, in a network namespace of its own. By hand: ``python blf.py --canbus PATH
--examples DIR [-v] [PATTERN...]``, where a case runs if its name contains one of the patterns.
The last line is always ``N passed, N failed, N skipped``; the exit status is 1 if a case failed
or none matched.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any


class Skip(Exception):
    """Raised by a case that cannot run here; its text says why."""


class Overdue(BaseException):
    """A case ran longer than it may. Not an ``Exception``, so that no case swallows it."""


@dataclass
class Case:
    """One case: a name that is a sentence, what to do, and how long that may take."""

    name: str
    run: Callable[[], None]
    seconds: int


@dataclass
class Options:
    """Where our programs are; filled by ``main``."""

    canbus: Path | None = None
    examples: Path | None = None
    source: Path | None = None
    verbose: bool = False


options = Options()
_cases: list[Case] = []
_folders: list[Path] = []


def case(function: Callable[[], None] | None = None, *, seconds: int = 60) -> Any:
    """Registers a case; its name is the function's, read as a sentence."""
    if function is None:
        return lambda later: case(later, seconds=seconds)
    _cases.append(Case(_sentence(function), function, seconds))
    return function


def each(values: Iterable[Any], *, seconds: int = 60) -> Callable[[Any], Any]:
    """Registers a case for each value, which the function gets; a mapping gives names too."""
    named = values.items() if isinstance(values, dict) else ((str(v), v) for v in values)

    def register(function: Callable[[Any], None]) -> Callable[[Any], None]:
        for name, value in named:
            run = partial(function, value)
            _cases.append(Case(f"{_sentence(function)}: {name}", run, seconds))
        return function

    return register


def _sentence(function: Callable[..., None]) -> str:
    return function.__name__.strip("_").replace("_", " ")


def expect(actual: Any, expected: Any, what: str = "") -> None:
    """Fails the case unless both are equal, showing both."""
    if actual != expected:
        about = f"{what}: " if what else ""
        raise AssertionError(f"{about}expected\n  {expected!r}\nbut got\n  {actual!r}")


def eventually(condition: Callable[[], Any], what: str, seconds: float = 5.0) -> Any:
    """Waits until the condition holds and gives what it gave; fails the case after a while."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not so within {seconds} s")
        time.sleep(0.01)
    return value


def scratch() -> Path:
    """A new empty folder, which is gone after the case."""
    folder = Path(tempfile.mkdtemp(prefix="canbus-differential-"))
    _folders.append(folder)
    return folder


def canbus(
    *arguments: Any, check: bool = True, stdin: str = "", seconds: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Runs our command to its end; unless ``check`` is false, failing fails the case."""
    return _run([_program(), *map(str, arguments)], check, stdin, seconds)


def example(
    name: str, *arguments: Any, check: bool = True, stdin: str = "", seconds: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Runs one of the library's example programs to its end, as ``canbus`` does the command."""
    return _run([_example(name), *map(str, arguments)], check, stdin, seconds)


@contextmanager
def running(*arguments: Any, program: str | None = None) -> Iterator[subprocess.Popen[str]]:
    """Our command (or an example) running beside the case, with its three streams as pipes.

    It is killed at the end of the block if it still runs.
    """
    path = _example(program) if program else _program()
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [path, *map(str, arguments)], stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _run(
    command: list[str], check: bool, stdin: str, seconds: float
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=seconds)
    if check and done.returncode != 0:
        said = done.stderr.strip() or done.stdout.strip() or "nothing"
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}, saying: {said}")
    return done


def _program() -> str:
    if options.canbus is None:
        raise Skip("the command was not given: --canbus PATH")
    return str(options.canbus)


def _example(name: str) -> str:
    if options.examples is None:
        raise Skip("the examples were not given: --examples DIR")
    return str(options.examples / name)


def source(path: str) -> Path:
    """A file of python-can's source package, such as one of its tests."""
    if options.source is None:
        raise Skip("the source of python-can was not given: --source DIR")
    return options.source / path


def main() -> None:
    """Runs the registered cases as the command line says, and ends the process."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--canbus", type=Path, help="the command canbus")
    parser.add_argument("--examples", type=Path, help="the folder of the built example programs")
    parser.add_argument("--source", type=Path, help="the source of python-can, with its tests")
    parser.add_argument("-v", "--verbose", action="store_true", help="name the passed cases too")
    parser.add_argument("pattern", nargs="*", help="run the cases whose name contains one of these")
    given, _ = parser.parse_known_args()
    options.canbus, options.examples = given.canbus, given.examples
    options.source = given.source
    options.verbose = given.verbose
    chosen = [one for one in _cases if _wanted(one.name, given.pattern)]
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for one in chosen:
        counts[_outcome(one)] += 1
    if not chosen:
        print("no case matches")
    print(", ".join(f"{count} {word}" for word, count in counts.items()), flush=True)
    sys.exit(1 if counts["failed"] or not chosen else 0)


def _wanted(name: str, patterns: list[str]) -> bool:
    return not patterns or any(pattern.replace("_", " ") in name for pattern in patterns)


def _outcome(one: Case) -> str:
    """Runs one case and prints what there is to say about it."""

    def overdue(*_: Any) -> None:
        raise Overdue(f"still running after {one.seconds} s")

    signal.signal(signal.SIGALRM, overdue)
    signal.alarm(one.seconds)
    try:
        one.run()
    except Skip as skip:
        print(f"skipped: {one.name}: {skip}", flush=True)
        return "skipped"
    except (Exception, Overdue) as error:  # whatever a case raises is its failure
        print(f"FAILED: {one.name}\n{_where(error)}{error or type(error).__name__}", flush=True)
        return "failed"
    finally:
        signal.alarm(0)
        while _folders:
            shutil.rmtree(_folders.pop(), ignore_errors=True)
    if options.verbose:
        print(f"passed: {one.name}", flush=True)
    return "passed"


def _where(error: BaseException) -> str:
    """The way to the failed line; for a failed expectation without the harness's own lines."""
    ours = {str(path) for path in Path(__file__).parent.glob("_*.py")}
    frames = traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in frames if frame.filename not in ours] or list(frames)
    if isinstance(error, AssertionError):
        return "".join(f"  {Path(f.filename).name}:{f.lineno}: {f.line}\n" for f in frames)
    return "".join(traceback.format_list(frames)) + f"{type(error).__name__}: "
