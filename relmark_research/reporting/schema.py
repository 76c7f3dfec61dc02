"""What may stand in a recipe, and how a mistake in one is said.

pydantic checks the shape; the words are ours: where, what was expected, what was found, and the
nearest name that there is.
"""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from relmark_research.errors import ReportError, unknown_name

_SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
_KINDS = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", int: "a number"}
_EXPECTED = {
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "names with values, one to a line",
    "model_type": "names with values, one to a line",
    "model_attributes_type": "names with values, one to a line",
    "int_type": "a whole number",
}


class DataSection(BaseModel):
    """Which data, and what its columns are called."""

    model_config = ConfigDict(extra="forbid", strict=True)

    source: str | None = None
    customer: str | None = None
    date: str | None = None
    value: str | None = None
    cost: str | None = None
    returns: str | None = None
    currency: str | None = None
    options: dict[str, Any] | None = None


class RecipeFile(BaseModel):
    """A whole recipe."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: str = Field(min_length=1)
    data: DataSection | None = None
    notebooks: list[str] = Field(min_length=1)
    parameters: dict[str, Any] | None = None
    keep: int | None = Field(default=None, ge=1)
    time_limit: float = 3600.0

    @field_validator("time_limit", mode="before")
    @classmethod
    def _in_seconds(cls, value: Any) -> float:
        return seconds(value)


def seconds(text: Any) -> float:
    """Return a length of time such as ``"20 minutes"`` in seconds.

    Examples
    --------
    >>> seconds("20 minutes")
    1200.0
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]+?)s?", str(text).strip().lower())
    if match is None or match[2] not in _SECONDS or float(match[1]) == 0:
        raise ValueError(
            f"must be a length of time such as '90 seconds', '20 minutes' or '2 hours'; "
            f"found {text!r}."
        )
    return float(match[1]) * _SECONDS[match[2]]


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
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, TypeError) as error:
        raise ReportError(f"{path.name} is not YAML in UTF-8: {error}.") from None
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
    return checked


def data_keys() -> tuple[str, ...]:
    """Return the keys that a recipe's data section may have."""
    return tuple(DataSection.model_fields)


def _sentence(problem: Any) -> str:
    place = [str(part) for part in problem["loc"] if not isinstance(part, int)]
    where, found = ".".join(place), problem.get("input")
    if problem["type"] == "extra_forbidden":
        model = DataSection if place[0] == "data" else RecipeFile
        inside = f" in {place[0]}" if len(place) > 1 else ""
        return unknown_name(f"key{inside}", place[-1], model.model_fields)
    if problem["type"] == "missing":
        return f"{where!r} is missing. Every recipe has title and notebooks."
    if problem["type"] == "value_error":
        return f"{where} {problem['ctx']['error']}"
    if problem["type"] in {"too_short", "string_too_short"}:
        return f"{where} must not be empty."
    if problem["type"] == "greater_than_equal":
        return f"{where} must be at least {problem['ctx']['ge']}; found {found!r}."
    expected = _EXPECTED.get(problem["type"], "something else")
    quotes = " Put it in quotes." if expected == "text" and _is_word(found) else ""
    return f"{where} must be {expected}; found {found!r} ({_kind(found)}).{quotes}"


def _is_word(value: Any) -> bool:
    return value is not None and not isinstance(value, (dict, list))


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    return _KINDS.get(type(value), "a number" if isinstance(value, float) else "a date")
