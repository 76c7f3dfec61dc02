"""What was recorded against what is found: figure by figure, by name, to 1e-12.

Every number has a group (a call, or a report of a recipe) and a name in it; that of a list's
elements ends in their place: `clv.tracking`, `plain.expected[3]`.
"""

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
TOLERANCE = float(os.environ.get("RELMARK_GOLDEN_TOLERANCE", "1e-12"))
MONTE_CARLO_ERRORS = 3

Group = dict[str, Any]


def recorded(file: str) -> dict[str, Group]:
    """Return the groups of `calls.json` or `reports.json`."""
    return json.loads((HERE / file).read_text(encoding="utf-8"))["groups"]


@dataclass(frozen=True)
class Renames:
    """Old names and the new ones, as renames.yml has them."""

    groups: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    within: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls) -> "Renames":
        """Return what renames.yml says."""
        said = yaml.safe_load((HERE / "renames.yml").read_text(encoding="utf-8")) or {}
        return cls(**{name: part or {} for name, part in said.items()})

    def group(self, old: str) -> str:
        """Return the name that a group has now."""
        return self.groups.get(old, old)

    def apply(self, old: str, numbers: Group) -> Group:
        """Return the numbers of the group of that old name under their names of today."""
        names = {name: self._name(old, name) for name in numbers}
        twice = sorted({new for new in names.values() if list(names.values()).count(new) > 1})
        if twice:
            raise ValueError(f"renames.yml gives several figures of {old} one name: {twice}")
        return {names[name]: value for name, value in numbers.items()}

    def _name(self, group: str, name: str) -> str:
        general = self.figures if name.startswith("figures.") else self.columns
        return _replaced(name, {**general, **self.within.get(group, {})})


def _replaced(name: str, new: Mapping[str, str]) -> str:
    """The name with its parts between dots replaced, all at once; the longest part first."""
    if not new:
        return name
    any_of = "|".join(re.escape(old) for old in sorted(new, key=len, reverse=True))
    return re.sub(rf"(?<![^.])({any_of})(?![^.|])", lambda found: new[found[1]], name)


def corrections(group: str) -> list[dict[str, Any]]:
    """Return the corrections of a group, by its name of today."""
    return [said for said in all_corrections() if said["group"] == group]


@cache
def all_corrections() -> list[dict[str, Any]]:
    """Return what corrections.yml says."""
    said = yaml.safe_load((HERE / "corrections.yml").read_text(encoding="utf-8")) or {}
    return said.get("corrections") or []


def differences(old: Group, new: Group, corrected: list[dict[str, Any]] = ()) -> list[str]:
    """Return a line for each figure that vanished, is new or differs, and is not corrected."""
    was, now = _single(old), _single(new)
    used: set[int] = set()
    lines = []
    for name in [*was, *(name for name in now if name not in was)]:
        line = _difference(name, was.get(name), now.get(name))
        if line and not _is_corrected(name, was.get(name), now.get(name), corrected, used):
            lines.append(line)
    idle = [said["figure"] for n, said in enumerate(corrected) if n not in used]
    return lines + [f"{figure}: corrections.yml names it, and nothing differs" for figure in idle]


def _single(group: Group) -> Group:
    """The group with each element of a list under a name of its own."""
    single: Group = {}
    for name, value in group.items():
        parts = enumerate(value) if isinstance(value, list) else ()
        single |= {f"{name}[{place}]": part for place, part in parts}
        if not isinstance(value, list):
            single[name] = value
    return single


def _difference(name: str, was: Any, now: Any) -> str:
    if now is None:
        return f"{name}: vanished, was {was!r}"
    if was is None:
        return f"{name}: new, is {now!r}"
    return "" if alike(was, now) else f"{name}: was {was!r}, is {now!r}{_by(was, now)}"


def _by(was: Any, now: Any) -> str:
    if isinstance(was, str) or isinstance(now, str):
        return ""
    return f", by {abs(now - was) / max(abs(was), abs(now)):.1e} of it"


def alike(was: Any, now: Any, tolerance: float = TOLERANCE) -> bool:
    """Whether two numbers agree, relatively or, near zero, absolutely; texts are equal or not."""
    if isinstance(was, str) or isinstance(now, str):
        return was == now
    return math.isclose(was, now, rel_tol=tolerance, abs_tol=tolerance)


def _is_corrected(
    name: str, was: Any, now: Any, corrected: list[dict[str, Any]], used: set[int]
) -> bool:
    for place, said in enumerate(corrected):
        if _matches(said["figure"], name) and _as_said(said, was, now):
            used.add(place)
            return True
    return False


def _matches(pattern: str, name: str) -> bool:
    """Whether the pattern, in which a star stands for anything, is the name of the figure."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name) is not None


def _as_said(said: dict[str, Any], was: Any, now: Any) -> bool:
    if now is None or was is None:
        return bool(said.get("gone" if now is None else "added"))
    if "monte_carlo_error" in said:
        reach = MONTE_CARLO_ERRORS * said["monte_carlo_error"]
        return not isinstance(was, str) and not isinstance(now, str) and abs(now - was) <= reach
    near = said.get("tolerance", TOLERANCE)
    if "factor" in said:
        return not isinstance(was, str) and alike(said["factor"] * was, now, near)
    given = "old" in said and "new" in said
    return given and alike(said["old"], was) and alike(said["new"], now, near)


def complaint(group: str, lines: list[str], *, most: int = 40) -> str:
    """Return the lines as one message, cut where there are many."""
    more = [f"... and {len(lines) - most} more"] if len(lines) > most else []
    return "\n".join([f"{group}: {len(lines)} figures are not those of 0.1", *lines[:most], *more])
