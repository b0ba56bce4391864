"""`canbus logconvert` beside `python -m can.logconvert`, on the same files."""

import subprocess
import sys
from pathlib import Path

import _messages as messages
import can
from _compare import Keeps, expect_same
from _harness import canbus, case, each, expect, main, scratch
from can import Message

PAIRS = [
    (one, other) for one in (".blf", ".log", ".log.gz") for other in (".blf", ".log", ".log.gz")
]


def log(*, error: bool) -> list[Message]:
    kinds = messages.kinds(error=error)
    # What python-can writes for it, it reads as something else.
    kinds.pop("error with class and details", None)
    return [
        *kinds.values(),
        *messages.lengths(),
        *messages.ids(),
        *messages.channels([0, 1, 3, 15]),
        *messages.mix(2000, error=error),
    ]


def write(file: Path, log: list[Message]) -> None:
    with can.Logger(file) as writer:
        for message in log:
            writer(message)


def read(file: Path) -> list[Message]:
    with can.LogReader(file) as reader:
        return list(reader)


def theirs(*arguments: object) -> None:
    command = [sys.executable, "-m", "can.logconvert", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)


@each({f"{one} to {other}": (one, other) for one, other in PAIRS})
def the_result_is_that_of_python_can(pair):
    one, other = pair
    folder = scratch()
    source = folder / f"source{one}"
    # Logs of python-can hold error frames as something that its reader takes for data.
    write(source, log(error=one == ".blf"))
    theirs(source, folder / f"theirs{other}")
    done = canbus("logconvert", source, folder / f"ours{other}")
    expected, found = read(folder / f"theirs{other}"), read(folder / f"ours{other}")
    expect(f"{len(found)} frames in" in done.stderr, True, done.stderr)
    expect_same(expected, found, Keeps(remote_dlc=False, error_content=False))


@case
def text_is_the_same_but_for_what_python_can_leaves_out():
    folder = scratch()
    source = folder / "source.blf"
    write(source, [m for m in log(error=False) if not m.is_remote_frame])
    for suffix in (".log", ".txt"):
        theirs(source, folder / f"theirs{suffix}")
        canbus("logconvert", source, folder / f"ours{suffix}")
        texts = [(folder / f"{who}{suffix}").read_text() for who in ("ours", "theirs")]
        for ours, their in zip(*(text.splitlines() for text in texts)):
            # python-can rounds a double, we the exact time.
            expect(abs(seconds(ours) - seconds(their)) < 1.5e-6, True, f"{ours}\n{their}")
            expect(behind_time(ours), behind_time(their))
        expect(texts[0].count("\n"), texts[1].count("\n"))


def seconds(line: str) -> float:
    return float(line.removeprefix("Timestamp:").strip(" (").split()[0].rstrip(")"))


def behind_time(line: str) -> str:
    return line.removeprefix("Timestamp:").lstrip().split(" ", 1)[1]


@case
def parts_have_python_cans_names_and_hold_everything():
    folder = scratch()
    source = folder / "source.log"
    write(source, messages.mix(3000, error=False))
    names = []
    for who in ("ours", "theirs"):
        (folder / who).mkdir()
        run = canbus if who == "ours" else None
        arguments = ("-s", 50_000, source, folder / who / "part.log")
        run("logconvert", *arguments) if run else theirs(*arguments)
        files = sorted((folder / who).glob("part_*.log")) + [folder / who / "part.log"]
        expect_same(read(source), [m for file in files for m in read(file)])
        names.append(["".join("0" if c.isdigit() else c for c in file.name) for file in files])
    expect(names[0][0], names[1][0])
    expect(abs(len(names[0]) - len(names[1])) <= 1, True, f"{names}")


if __name__ == "__main__":
    main()
