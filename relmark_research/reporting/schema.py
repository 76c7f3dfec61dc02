"""What may stand in a recipe, and how a mistake in one is said.

pydantic checks the shape; the words are ours: where, what was expected, what was found, and the
nearest name that there is.
"""

import reprlib
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from relmark_research.errors import ReportError, unknown_name
from relmark_research.reporting.sections import DataSection, RecipeFile, section_at

_KINDS = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", int: "a number"}
_EXPECTED = {
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "names with values, one to a line",
    "model_type": "names with values, one to a line",
    "model_attributes_type": "names with values, one to a line",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "recursion_loop": "a value that does not contain itself",
}


class _StrictLoader(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error rather than the last one's win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise ReportError(f"{key.value!r} stands twice (line {key.start_mark.line + 1}).")
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file, refusing what is not YAML and keys that stand twice."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"
        raise ReportError(f"{path.name} is not YAML at {where}: {error.problem}.") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, OSError) as error:
        said = " ".join(str(error).split())[:200]
        raise ReportError(f"{path.name} cannot be read as YAML in UTF-8: {said}.") from None
    except ReportError as error:
        raise ReportError(f"{path.name}: {error} Keep one of the two.") from None


def check_recipe(content: Any, *, name: str) -> dict[str, Any]:
    """Return a recipe's content with its defaults filled in.

    Parameters
    ----------
    content
        What the YAML file holds.
    name
        The file's name, for messages.

    Raises
    ------
    ReportError
        Every mistake that was found, one to a line.
    """
    if not isinstance(content, dict):
        found = _kind(content)
        raise ReportError(f"{name} must hold names with values, such as title: ...; found {found}.")
    try:
        recipe = RecipeFile.model_validate(content)
    except ValidationError as error:
        said = [_sentence(problem) for problem in error.errors()]
        raise ReportError("\n".join(f"{name}: {sentence}" for sentence in said)) from None
    checked = recipe.model_dump()
    checked["data"] = recipe.data.model_dump(exclude_none=True) if recipe.data else {}
    for number, hook in enumerate(recipe.hooks, start=1):
        ways = [way for way in ("command", "mail", "webhook") if getattr(hook, way) is not None]
        if len(ways) != 1:
            raise ReportError(
                f"{name}: hook {number} must have one of command, mail and webhook; "
                f"found {' and '.join(ways) or 'none'}."
            )
    return checked


def data_keys() -> tuple[str, ...]:
    """Return the keys that a recipe's data section may have."""
    return tuple(DataSection.model_fields)


def _sentence(problem: Any) -> str:
    """One of pydantic's findings in our words."""
    place = [str(part) for part in problem["loc"] if not isinstance(part, int)]
    where, found, context = ".".join(place), problem.get("input"), problem.get("ctx", {})
    if problem["type"] == "extra_forbidden":
        inside = f" in {'.'.join(place[:-1])}" if len(place) > 1 else ""
        return unknown_name(f"key{inside}", place[-1], section_at(place).model_fields)
    if problem["type"] == "missing":
        inside = place[-2] if len(place) > 1 else "recipe"
        fields = section_at(place).model_fields
        needed = [key for key, about in fields.items() if about.is_required()]
        return f"{where!r} is missing. Every {inside} has {' and '.join(needed)}."
    if problem["type"] == "value_error":
        return f"{where} {context['error']}"
    if problem["type"] in {"too_short", "string_too_short"}:
        return f"{where} must not be empty."
    if problem["type"] == "literal_error":
        return f"{where} must be {context['expected']}; found {_short(found)}."
    if problem["type"] in {"greater_than_equal", "less_than_equal"}:
        least = "ge" in context
        bound = f"at least {context['ge']}" if least else f"at most {context['le']}"
        return f"{where} must be {bound}; found {_short(found)}."
    expected = _EXPECTED.get(problem["type"], "something else")
    quotes = " Put it in quotes." if expected == "text" and _is_word(found) else ""
    return f"{where} must be {expected}; found {_short(found)} ({_kind(found)}).{quotes}"


def _short(found: Any) -> str:
    """What was found, whatever its size."""
    brief = reprlib.Repr()
    brief.maxlevel, brief.maxlist, brief.maxdict, brief.maxstring = 2, 3, 3, 60
    return brief.repr(found)


def _is_word(value: Any) -> bool:
    return value is not None and not isinstance(value, (dict, list))


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    return _KINDS.get(type(value), "a number" if isinstance(value, float) else "a date")
