"""Draw mutations at random lines, stratified by folder, and find those argued to be equivalent."""

import random
from collections import defaultdict
from pathlib import Path

import yaml

from tests.mutants.mutate import PACKAGE, Mutation, mutations

EQUIVALENTS = Path(__file__).parent / "equivalents.yml"


def candidates(root: Path, folder: str = "") -> dict[str, list[Mutation]]:
    """Return every mutation of the package (or of one folder in it), by folder.

    Faces (``__init__.py``) only name what they export, which the tests of public names check.
    """
    found = defaultdict(list)
    for path in sorted((root / PACKAGE / folder).rglob("*.py")):
        if path.name not in {"__init__.py", "__main__.py"}:
            name = path.relative_to(root).as_posix()
            for each in mutations(name, path.read_text(encoding="utf-8")):
                found[each.folder].append(each)
    return dict(found)


def shares(lines: dict[str, int], n: int) -> dict[str, int]:
    """Divide n among folders in proportion to their lines, by largest remainders.

    Each folder gets at least one, where n suffices, and at most as many as it has lines.
    """
    n = min(n, sum(lines.values()))
    least = 1 if n >= len(lines) else 0
    total = sum(lines.values())
    exact = {folder: n * count / total for folder, count in lines.items()}
    given = {folder: min(max(least, int(exact[folder])), lines[folder]) for folder in lines}
    while sum(given.values()) != n:
        step = 1 if sum(given.values()) < n else -1
        free = [f for f in lines if (given[f] < lines[f] if step > 0 else given[f] > least)]
        folder = max(free, key=lambda f: (step * (exact[f] - given[f]), f))
        given[folder] += step
    return given


def sample(found: dict[str, list[Mutation]], n: int, seed: int) -> list[Mutation]:
    """Draw n mutations: in each folder random lines, of each line a kind, of the kind one.

    A folder has its own stream of random numbers, so that a change in one folder leaves the
    drawings of the others as they are, up to the number drawn.
    """
    by_line: dict[str, dict[tuple[str, int], list[Mutation]]] = {}
    for folder, every in found.items():
        by_line[folder] = defaultdict(list)
        for each in every:
            by_line[folder][each.path, each.line].append(each)
    counts = shares({folder: len(lines) for folder, lines in by_line.items()}, n)
    drawn = []
    for folder, lines in sorted(by_line.items()):
        draw = random.Random(f"{seed} {folder}")
        order = draw.sample(sorted(lines), len(lines))
        for line in order[: counts[folder]]:
            drawn.append(_one_of(lines[line], random.Random(f"{seed} {line}")))
    return drawn


def _one_of(every: list[Mutation], draw: random.Random) -> Mutation:
    kind = draw.choice(sorted({each.kind for each in every}))
    return draw.choice([each for each in every if each.kind == kind])


def equivalents(path: Path = EQUIVALENTS) -> dict[tuple[str, str, str, str], str]:
    """Return the reason for each mutation that is argued to be equivalent, by its key."""
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    return {(e["file"], e["function"], e["line"], e["mutation"]): e["reason"] for e in entries}
