"""Writes down what the benchmarks found, with the machine named.

usage: page.py FOLDER PAGE
"""

import json
import os
import pathlib
import platform
import re
import subprocess
import sys
from importlib import metadata

INTRODUCTION = """\
# What canbus takes, and how punctual it is

Written by `cargo xtask bench`. Each row about log files compares canbus with
another program on the same files in the same run, in turn, by the CPU time (user and system) that
each takes; what counts is the ratio. The traffic is that of `benches/_corpus.py`: classic frames of
150 cyclic identifiers on two channels.
"""

MOMENTS = """\
## Periodic sending and replay

Each beside a bare loop around `clock_nanosleep(TIMER_ABSTIME)`, which is what the system can do, and
python-can, on a bus that only notes when it is asked to send. Periodic: |interval - period|. Replay:
the difference between the gaps of the log and those of sending. Goals: p50 and p99 of periodic
sending no more than 1.1 of the loop's, p99 of replay no more than 1.2, the drift below 100 us; the
CPU time as told, which the loop alone reaches or not depending on the machine. What missed its goal
is said below each table.
`cargo xtask bench periodic` draws the histograms too.
"""

#: What the profile of a row says, told where the row falls short.
REMARKS = {
    "read asc, blf_asc (Rust)": "half of the time goes into the one pass over a line's columns; the"
    " rest is handing the messages on and copying from the page cache.",
    "write db, python-can": "nearly all of it is SQLite: carrying out the INSERT of 64 rows, the"
    " tree, and copying the log of what was committed.",
    "log > asc, log2asc": "a third of the time is the system's, for writing the file; of the rest"
    " more than half goes into reading lines.",
}


def machine(counts):
    cpu = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*:\s*(.*)", cpu)
    rust = subprocess.run(["rustc", "--version"], check=True, capture_output=True, text=True)
    frames = " and ".join(f"{count:,}" for count in sorted(counts))
    return (
        f"Taken on {os.cpu_count()} cores of {model[1] if model else platform.machine()}, Linux"
        f" {platform.release()}, {rust.stdout.strip()}, Python {platform.python_version()},"
        f" python-can {metadata.version('python-can')}, with logs of {frames} frames, at a"
        f" load average of {os.getloadavg()[0]:.0f}: other programs on the same cores make each"
        " second longer, on both sides.\n"
    )


def remark(row):
    notes = []
    if row["goal"] and row["ratio"] < row["goal"]:
        notes.append("falls short")
    if row.get("most") and max(row.get("size", 0), row.get("memory", [0, 0])[1]) > row["most"]:
        notes.append("larger than it should be")
    return ", ".join(notes)


def goal(row):
    return f"{row['goal']}×" if row["goal"] else ""


def loops(rows):
    yield "| | other | canbus | ratio | goal | size of the file | |"
    yield "| --- | --: | --: | --: | --: | --: | --- |"
    for row in rows:
        size = f"{row['size']:.3f} of python-can's" if "size" in row else ""
        yield (
            f"| {row['name']} | {row['peer']:.3f} s | {row['own']:.4f} s | {row['ratio']:.1f}× |"
            f" {goal(row)} | {size} | {remark(row)} |"
        )


def conversions(rows):
    yield "| | other | canbus | ratio | goal | memory of the other | of canbus | |"
    yield "| --- | --: | --: | --: | --: | --: | --: | --- |"
    for row in rows:
        theirs, ours = row["memory"]
        yield (
            f"| {row['name'].replace('>', 'to')} | {row['peer']:.2f} s | {row['own']:.3f} s |"
            f" {row['ratio']:.1f}× | {goal(row)} | {theirs:.0f} MiB | {ours:.0f} MiB |"
            f" {remark(row)} |"
        )


def memory(rows):
    yield "| | fewer | more | |"
    yield "| --- | --: | --: | --- |"
    for row in rows:
        few, many = row["memory"]
        note = "" if row["good"] else "falls short"
        name = row["name"].replace(">", "to")
        yield f"| {name} | {few:.1f} MiB | {many:.1f} MiB | {note} |"


def main(folder, page):
    suites = {}
    for name in ("logs", "mf4", "convert", "memory"):
        path = folder / f"rows-{name}.json"
        suites[name] = list(json.loads(path.read_text()).values()) if path.exists() else []
    peaks = suites.pop("memory")
    rows = [row for suite in suites.values() for row in suite]
    short = [row for row in rows if remark(row)] + [row for row in peaks if not row["good"]]
    text = [INTRODUCTION, machine({row["frames"] for row in rows})]
    text.append("## Reading and writing\n")
    text.append("CPU seconds per million frames, the loop alone, in one thread.\n")
    text.append("\n".join(loops(suites["logs"] + suites["mf4"])) + "\n")
    text.append("## Conversions\n")
    text.append("CPU seconds per million frames and peak memory of whole processes.\n")
    text.append("\n".join(conversions(suites["convert"])) + "\n")
    text.append("## Memory\n")
    more = " and ".join(f"{count:,}" for count in sorted({row["frames"] for row in peaks}))
    text.append(f"Peak memory of converting to and from every format: {more} frames beside a fifth of"
                " them, in one log, where it does not grow with the file, or in 40 logs that run at the"
                " same time and are joined, where blocks of .mf4 count up to a bound.\n")
    text.append("\n".join(memory(peaks)) + "\n")
    text.append("## Which of these rows fall short\n")
    text.append("\n".join(f"- {row['name']}: {REMARKS.get(row['name'], 'not looked at yet.')}"
                          for row in short) + "\n" if short else "Nothing.\n")
    text.append(MOMENTS)
    for name in ("periodic", "replay"):
        path = folder / f"told-{name}.txt"
        if path.exists():
            text.append(f"```text\n{path.read_text()}```\n")
    page.write_text("\n".join(text))
    print(f"{page} is written; {len(short)} of {len(rows) + len(peaks)} rows fall short")


main(*map(pathlib.Path, sys.argv[1:]))
