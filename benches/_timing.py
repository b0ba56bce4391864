"""What the benchmarks of moments share: real-time priority, and lines that are printed and kept for
`page.py`."""

import subprocess


def permitted():
    """The prefix for real-time priority, where there is the permission for it."""
    prefix = ["chrt", "-f", "50"]
    try:
        allowed = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        allowed = False
    return prefix if allowed else []


class Told:
    """Prints lines and keeps them."""

    def __init__(self):
        self.lines = []

    def say(self, line=""):
        print(line)
        self.lines.append(line)

    def keep(self, folder, name):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"told-{name}.txt").write_text("\n".join(self.lines) + "\n")
