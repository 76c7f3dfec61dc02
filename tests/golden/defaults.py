"""The defaults of public functions and classes: what a call uses that names no option.

    python -m tests.golden.defaults

records them in defaults.json, options given by keyword only with a star. A default that changes
moves results without a word in the call, so that the change is to be seen: record it anew, and say
it in CHANGELOG.md.
"""

import importlib
import inspect
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import relmark_research

RECORDED = Path(__file__).with_name("defaults.json")
PLAIN = (bool, int, float, str, tuple, frozenset, type(None))


def rooms() -> list[str]:
    """Return the modules and folders at the top of the package."""
    return sorted(
        each.name for each in pkgutil.iter_modules(relmark_research.__path__)
        if not each.name.startswith("__")
    )  # fmt: skip


def defaults(room: str) -> dict[str, dict[str, str]]:
    """Return the plain defaults of every public function, method and class of a room."""
    found = {}
    for module in _modules(f"{relmark_research.__name__}.{room}"):
        for name, what in _public(module):
            if plain := _plain_defaults(what):
                found[f"{module.__name__.partition('.')[2]}:{name}"] = plain
    return found


def _modules(name: str) -> Iterator[ModuleType]:
    top = importlib.import_module(name)
    yield top
    for each in pkgutil.walk_packages(getattr(top, "__path__", []), f"{name}."):
        if not each.name.endswith("__main__"):
            yield importlib.import_module(each.name)


def _public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield the functions and classes that a module defines, and the methods of these."""
    for name, what in vars(module).items():
        if name.startswith("_") or getattr(what, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(what):
            yield name, what
        elif inspect.isclass(what):
            yield name, what
            for method, one in vars(what).items():
                plain = getattr(one, "__func__", one)
                if inspect.isfunction(plain) and not method.startswith("_"):
                    yield f"{name}.{method}", plain


def _plain_defaults(what: Any) -> dict[str, str]:
    try:
        parameters = inspect.signature(what).parameters.values()
    except ValueError:  # a class without a signature
        return {}
    return {
        f"{'*' * (each.kind == each.KEYWORD_ONLY)}{each.name}": _written(each.default)
        for each in parameters
        if each.default is not each.empty and isinstance(each.default, PLAIN)
    }


def _written(value: Any) -> str:
    return repr(sorted(value)) if isinstance(value, frozenset) else repr(value)


def main() -> None:
    """Record the defaults of today."""
    every = {room: defaults(room) for room in rooms()}
    text = json.dumps(every, indent=0, sort_keys=True, ensure_ascii=False)
    RECORDED.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
