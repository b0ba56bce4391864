"""Builds the stand-in: a wheel of the distribution `python-can` that makes `can` be canbus.

    stand_in.py FOLDER

For environments whose packages require the distribution `python-can`. It holds the metadata, the
commands, and a hook that installs the module `can` at the start of Python. It is built and installed
locally and never published: the name belongs to others.
"""

from __future__ import annotations

import base64
import hashlib
import sys
import zipfile
from pathlib import Path

#: The version of python-can whose API this is; what is behind the plus sign marks the stand-in.
VERSION = "4.6.1+canbus"
NAME = f"python_can-{VERSION}"
INFO = f"{NAME}.dist-info"

HOOK = '''"""Lets `import can` find canbus; imports nothing before that."""

import sys


class _Hook:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != "can" and not name.startswith("can."):
            return None
        sys.meta_path.remove(_Hook)
        from canbus._install import Finder

        finder = Finder()
        sys.meta_path.insert(0, finder)
        # Without the entry in sys.modules, which the import system is about to make.
        return finder.find_spec(name)


sys.meta_path.insert(0, _Hook)
'''

SCRIPTS = ("logconvert", "logger", "player", "viewer", "bridge")


def files() -> dict[str, str]:
    metadata = (
        f"Metadata-Version: 2.1\nName: python-can\nVersion: {VERSION}\n"
        "Summary: canbus in the place of python-can; built locally\n"
        "Requires-Dist: canbus\n"
    )
    scripts = "".join(f"can_{name} = canbus.{name}:main\n" for name in SCRIPTS)
    wheel = "Wheel-Version: 1.0\nGenerator: canbus\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    return {
        "_canbus_as_can.py": HOOK,
        "_canbus_as_can.pth": "import _canbus_as_can\n",
        f"{INFO}/METADATA": metadata,
        f"{INFO}/WHEEL": wheel,
        f"{INFO}/entry_points.txt": f"[console_scripts]\n{scripts}",
    }


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    record = ""
    path = folder / f"{NAME}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files().items():
            wheel.writestr(name, text)
            digest = hashlib.sha256(text.encode()).digest()
            code = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            record += f"{name},sha256={code},{len(text.encode())}\n"
        wheel.writestr(f"{INFO}/RECORD", f"{record}{INFO}/RECORD,,\n")
    print(path)


if __name__ == "__main__":
    main()
