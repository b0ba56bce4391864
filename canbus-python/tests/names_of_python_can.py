"""Lists what python-can offers to programs: run by the Python of an environment that has the genuine
package. Prints JSON: for each module its public names, for each class and function the parameters,
for each class its public members and the attributes that its methods set.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import sys
from pathlib import Path
from typing import Any, Callable, Optional

import can


def public(name: str) -> bool:
    return not name.startswith("_")


def bound(tree: ast.Module) -> set[str]:
    """The names that a module defines itself, or lists in __all__."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            if node in tree.body:
                names.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node in tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                names |= {one.id for one in ast.walk(target) if isinstance(one, ast.Name)}
    return names


def parameters(what: Callable[..., Any]) -> Optional[list[list[str]]]:
    """Name, kind and default of each."""
    try:
        signature = inspect.signature(what)
    except (TypeError, ValueError):
        return None
    found = []
    for one in signature.parameters.values():
        if one.name == "self":
            continue
        default = "" if one.default is one.empty else value(one.default)
        found.append([one.name, one.kind.name, default])
    return found


def value(default: object) -> str:
    """How a default is written in both packages."""
    if isinstance(default, (str, int, float, bytes, tuple, type(None))):
        return repr(default)
    # The standard output is another object while tests run.
    return "stream" if hasattr(default, "write") else type(default).__name__


def attributes(node: ast.ClassDef) -> set[str]:
    """What the methods of a class set on its objects."""
    found = set()
    for target in ast.walk(node):
        stores = isinstance(target, ast.Attribute) and isinstance(target.ctx, ast.Store)
        if stores and isinstance(target.value, ast.Name) and target.value.id == "self":
            found.add(target.attr)
    return {name for name in found if public(name)}


def members(of: type) -> dict[str, Any]:
    found = {}
    for name, member in vars(of).items():
        if public(name):
            member = getattr(of, name) if isinstance(member, (classmethod, staticmethod)) else member
            function = callable(member) and not isinstance(member, type)
            found[name] = parameters(member) if function else None
    return found


def module(name: str) -> Optional[dict[str, Any]]:
    try:
        loaded = importlib.import_module(name)
    except Exception:
        return None
    tree = ast.parse(Path(str(loaded.__file__)).read_text(encoding="utf-8"))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    names: dict[str, Any] = {}
    listed = set(getattr(loaded, "__all__", ()))
    for each in sorted({one for one in bound(tree) if public(one)} | listed):
        found = getattr(loaded, each, None)
        described: dict[str, Any] = {}
        if inspect.isclass(found) and found.__module__.startswith("can."):
            described["parameters"] = parameters(found)
            described["members"] = members(found)
            described["attributes"] = sorted(attributes(classes[each])) if each in classes else []
        elif inspect.isfunction(found):
            described["parameters"] = parameters(found)
        names[each] = described
    return names


def main() -> None:
    found = {"can": module("can")}
    # What asks for a terminal or a device when it is imported stays out.
    for one in pkgutil.walk_packages(can.__path__, "can.", onerror=lambda name: None):
        if not one.name.rsplit(".", 1)[-1].startswith("_"):
            found[one.name] = module(one.name)
    json.dump({name: names for name, names in found.items() if names is not None}, sys.stdout)


if __name__ == "__main__":
    main()
