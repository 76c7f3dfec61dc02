"""YAML files with limits: recipes, ladders, rules of segments and levels of relationship.

A key stands once in a mapping. A file has a largest size, depth and number of values; the number is
counted with every alias expanded, so that a few lines cannot stand for billions of values.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from relmark_research.errors import DataError, RelmarkError

LARGEST_FILE = 1_000_000  # bytes
MOST_VALUES = 100_000  # with every alias expanded
DEEPEST = 50  # levels of values in values


def read_yaml(path: Path, *, error: type[RelmarkError] = DataError) -> Any:
    """Return the content of a YAML file in which no key is repeated.

    Parameters
    ----------
    path
        The file.
    error
        The class of the error that is raised.

    Raises
    ------
    RelmarkError
        The file is not YAML in UTF-8, a key is repeated, or a limit is exceeded.
    """
    try:
        return _parsed(_text(path))
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "an unknown line"
        raise error(f"{path.name} is not YAML at {where}: {problem.problem}.") from None
    except _BeyondLimitError as problem:
        raise error(f"{path.name}: {problem}") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, OSError) as problem:
        reason = " ".join(str(problem).split())[:200]
        raise error(f"{path.name} cannot be read as YAML in UTF-8: {reason}.") from None


class _BeyondLimitError(Exception):
    """A file exceeds a limit, or repeats a key."""


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML in which a repeated key is an error; by default the last one would count."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise _BeyondLimitError(
                    f"{key.value!r} stands twice (line {key.start_mark.line + 1}). Remove one of "
                    "the two."
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def _text(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise _BeyondLimitError(
            f"expected a YAML file of at most {LARGEST_FILE:,} bytes; found more. Keep data in "
            "tables, and name them in the file."
        )
    return content.decode("utf-8")


def _parsed(text: str) -> Any:
    loader = _UniqueKeyLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check_size(node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _check_size(root: yaml.Node) -> None:
    """Raise an error for a file with too many values or levels, without expanding its aliases."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def size(node: yaml.Node, depth: int) -> int:
        if depth > DEEPEST:
            raise _BeyondLimitError(
                f"expected at most {DEEPEST} levels of values in values; found more "
                f"(line {node.start_mark.line + 1})."
            )
        if id(node) in open_nodes:  # contains itself, which the recipe's own check refuses
            return 1
        if id(node) not in sizes:
            open_nodes.add(id(node))
            sizes[id(node)] = 1 + sum(size(part, depth + 1) for part in _parts(node))
            open_nodes.discard(id(node))
        if sizes[id(node)] > MOST_VALUES:
            raise _BeyondLimitError(
                f"expected at most {MOST_VALUES:,} values, aliases (*name) expanded; found more "
                f"(line {node.start_mark.line + 1}). Write the values without aliases."
            )
        return sizes[id(node)]

    size(root, 0)


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
