"""The traffic that all benchmarks of log files use, how the CPU time of a process is taken, and where
results are kept for `page.py`."""

import json
import os
import pathlib
import re
import sys
import time

import can


def frames(count):
    """Cyclic traffic of 150 identifiers: counters, slow signals, some noise, on two channels."""
    noise = 1
    for number in range(count):
        slot = number % 150
        cycle = number // 150
        noise = (noise * 1103515245 + 12345) & 0x7FFFFFFF
        length = 8 if slot % 2 else slot % 9
        data = bytes(
            [
                cycle & 0xFF,
                (cycle >> 4) & 0xFF,
                slot,
                (cycle * slot >> 6) & 0xFF,
                0,
                0xFF,
                noise >> 16 & 0xFF,
                (cycle ^ slot) & 0xFF,
            ]
        )[:length]
        yield can.Message(
            timestamp=1_700_000_000 + number * 250e-6,
            arbitration_id=0x100 + slot * 7 if slot < 100 else 0x18FF0000 + slot * 0x101,
            is_extended_id=slot >= 100,
            is_rx=number % 25 != 0,
            channel=slot % 2,
            data=data,
        )


def write(path, messages):
    """Writes a log with python-can; CPU seconds."""
    start = time.process_time()
    writer = can.Logger(str(path))
    for message in messages:
        writer(message)
    # Its writer of .db forgets what is still queued when it is stopped.
    while getattr(writer, "buffer", None) is not None and not writer.buffer.empty():
        time.sleep(0.05)
    writer.stop()
    return time.process_time() - start


def corpus(folder, count, suffix):
    """A file of so many frames, written by python-can, kept for later runs."""
    path = folder / f"corpus-{count}.{suffix}"
    if not path.exists():
        partial = folder / f"partial.{suffix}"
        partial.unlink(missing_ok=True)
        write(partial, frames(count))
        partial.rename(path)
    return path


def run(command, stdout=os.devnull):
    """CPU seconds and peak memory in MiB of a process."""
    quiet = [
        (os.POSIX_SPAWN_OPEN, 1, stdout, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=quiet)
    peak = 0.0
    while True:
        # The memory that wait4 tells includes that of the process that started it.
        peak = max(peak, high_water(pid))
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            break
        time.sleep(0.002)
    if status:
        sys.exit(f"{' '.join(command)} ended with status {status}")
    return usage.ru_utime + usage.ru_stime, peak


def high_water(pid):
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def keep(folder, suite, row):
    """Keeps a row of a suite's results, in place of an earlier one of the same name."""
    path = folder / f"rows-{suite}.json"
    rows = json.loads(path.read_text()) if path.exists() else {}
    rows[row["name"]] = row
    path.write_text(json.dumps(rows, indent=1))


def number_of_messages(path):
    with can.LogReader(str(path)) as reader:
        return sum(1 for _ in reader)
