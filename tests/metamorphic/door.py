"""A door: a public function that takes tables, with small tables that it accepts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

Tables = dict[str, Any]


@dataclass(frozen=True)
class Door:
    """A public function and its tables.

    Attributes
    ----------
    name
        The public name below relmark_research; what follows a space tells two examples apart.
    made
        Makes the tables by the names of the function's parameters.
    call
        Calls the function with them.
    any_source
        Whether the tables may also be polars, Arrow, or files.
    order
        Whether rows in another order leave the result as it is.
    index
        Tables whose index holds values; that of the others is only numbers of rows.
    slow
        Whether a call takes a second or more.
    typed
        Columns whose type says how they are used, such as a formula's: text is a category.
    """

    name: str
    made: Callable[[], Tables]
    call: Callable[..., Any]
    any_source: bool = False
    order: bool = True
    index: tuple[str, ...] = ()
    slow: bool = False
    typed: tuple[str, ...] = ()

    @property
    def function(self) -> str:
        return self.name.partition(" ")[0]

    @cached_property
    def tables(self) -> Tables:
        return self.made()

    @cached_property
    def expected(self) -> Any:
        return self.call(**self.copies())

    def copies(self) -> Tables:
        return {
            name: table.copy() if isinstance(table, (pd.DataFrame, pd.Series)) else table
            for name, table in self.tables.items()
        }


DOORS: dict[str, Door] = {}


def door(name: str, made: Callable[[], Tables], call: Callable[..., Any], **how: Any) -> None:
    """Add a door to the registry."""
    if name in DOORS:
        raise ValueError(f"two doors of the name {name}")
    DOORS[name] = Door(name, made, call, **how)
