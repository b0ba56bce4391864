"""Every name that python-can 4.6.1 offers is there, with the same parameters and defaults; what is not
stands in names_left_out.tsv with a reason. `PYTHON_CAN_PYTHON` is a Python that has the genuine package.
"""

import ast
import fnmatch
import importlib
import inspect
import json
import os
import subprocess
from pathlib import Path

import pytest
from names_of_python_can import attributes, parameters

LEFT_OUT = Path(__file__).with_name("names_left_out.tsv")


@pytest.fixture(scope="module")
def genuine():
    script = Path(__file__).with_name("names_of_python_can.py")
    command = [os.environ["PYTHON_CAN_PYTHON"], script]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def differences(name, wanted, found):
    """What a call of the genuine function says and this one does not understand."""
    if wanted is None:
        return
    if found is None:
        yield f"{name} cannot be called"
        return
    places = {one: (place, kind, default) for place, (one, kind, default) in enumerate(found)}
    kinds = {kind for _, kind, _ in found}
    for place, (one, kind, default) in enumerate(wanted):
        if kind.startswith("VAR_"):
            if kind not in kinds:
                yield f"{name}({'*' if kind == 'VAR_POSITIONAL' else '**'}{one})"
        elif one not in places:
            if "VAR_KEYWORD" not in kinds:
                yield f"{name}({one})"
        else:
            there, its_kind, its_default = places[one]
            if kind == "POSITIONAL_OR_KEYWORD" and (there != place or its_kind != kind):
                yield f"{name}({one}) stands elsewhere"
            if default not in ("", its_default):
                yield f"{name}({one}={default}) is {its_default or 'required'}"
    required = [one for one, kind, default in found if not default and not kind.startswith("VAR_")]
    for one in required:
        if one not in [given for given, _, _ in wanted]:
            yield f"{name}({one}) is required"


def set_by(of):
    """The attributes that objects of a class have: of the class itself, and what its methods set."""
    names = set(dir(of))
    for base in inspect.getmro(of):
        names |= set(getattr(base, "__annotations__", ()))
        if base.__module__.startswith("canbus."):
            source = inspect.getsourcefile(importlib.import_module(base.__module__))
            tree = ast.parse(Path(source).read_text())
            for node in tree.body:
                if isinstance(node, ast.ClassDef) and node.name == base.__name__:
                    names |= attributes(node)
    return names


def named(module, name):
    """What a module has by a name; perhaps a module below it that nobody has imported yet."""
    try:
        return getattr(module, name)
    except AttributeError:
        try:
            return importlib.import_module(f"{module.__name__}.{name}")
        except ImportError:
            return None


def missing(genuine):
    for module, names in genuine.items():
        try:
            ours = importlib.import_module(module.replace("can", "canbus", 1))
        except ImportError:
            yield module
            continue
        for name, wanted in names.items():
            full = f"{module}.{name}"
            found = named(ours, name)
            if found is None and (wanted or not hasattr(ours, name)):
                yield full
                continue
            yield from differences(full, wanted.get("parameters"), parameters(found))
            if "members" in wanted and not inspect.isclass(found):
                yield f"{full} is no class"
            elif "members" in wanted:
                there = set_by(found)
                for member, arguments in wanted["members"].items():
                    if member not in there:
                        yield f"{full}.{member}"
                    else:
                        ours_too = getattr(found, member, None)
                        yield from differences(f"{full}.{member}", *both(arguments, ours_too))
                for attribute in wanted["attributes"]:
                    if attribute not in there:
                        yield f"{full}.{attribute}"


def both(wanted, found):
    return wanted, parameters(found) if callable(found) else None


def test_every_name_of_python_can_is_there(genuine):
    rows = [line.split("\t") for line in LEFT_OUT.read_text().splitlines()]
    patterns = [pattern for pattern, _reason in rows]
    found = set(missing(genuine))
    excused = {one for one in found for pattern in patterns if fnmatch.fnmatchcase(one, pattern)}
    assert sorted(found - excused) == []
    # The list gets shorter as canbus gets longer.
    assert [one for one in patterns if not fnmatch.filter(found, one)] == []
    assert len(genuine) > 60
