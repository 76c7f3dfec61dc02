"""The models by name.

A model registers itself when its class is defined. The package's own models are defined in
`clv/families`, one file each. They are imported when a name is looked up, so that a fit can be read
from a file before its model was used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from relmark_research.errors import ParameterError

_FAMILIES = "relmark_research.clv.families"


class ModelRegistry(Mapping[str, type[Any]]):
    """Name of a model to its class, in alphabetical order.

    Examples
    --------
    >>> from relmark_research.clv import MODELS
    >>> MODELS["NBD"](r=0.5, alpha=10.0)
    NBD(r=0.5, alpha=10.0)
    """

    def __init__(self) -> None:
        self._classes: dict[str, type[Any]] = {}
        self._loaded = False

    def register(self, model: type[Any]) -> None:
        """Add a class under its name; a class with the name of its own predecessor replaces it.

        Raises
        ------
        ParameterError
            If the package has a model of that name and the class is defined elsewhere.
        """
        name = model.__name__
        if not _is_ours(model) and name in self and _is_ours(self[name]):
            raise ParameterError(
                f"the package has a model named {name} already; found another class of that name "
                f"in {model.__module__}. Give the class another name."
            )
        self._classes[name] = model

    def __getitem__(self, name: str) -> type[Any]:
        if name not in self._classes:
            self._load()
        return self._classes[name]

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(sorted(self._classes))

    def __len__(self) -> int:
        self._load()
        return len(self._classes)

    def __repr__(self) -> str:
        return f"<Models: {', '.join(self)}>"

    def _load(self) -> None:
        """Import every family; each registers its models."""
        if not self._loaded:
            self._loaded = True
            families = import_module(_FAMILIES)
            for module in iter_modules(families.__path__, f"{_FAMILIES}."):
                import_module(module.name)


MODELS = ModelRegistry()


def _is_ours(model: type[Any]) -> bool:
    return model.__module__.startswith(f"{_FAMILIES}.")
