"""The functions of narrative modules, with the text of the claims that they return."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from relmark_research.evidence import Claim


def text_of(said: Any) -> Any:
    """Return the text of a claim or of a paragraph of claims; anything else as it is."""
    if isinstance(said, Claim):
        return said.text
    is_paragraph = isinstance(said, Sequence) and not isinstance(said, str) and len(said) > 0
    if is_paragraph and all(isinstance(each, Claim) for each in said):
        return " ".join(each.text for each in said)
    return said


class Texts:
    """Stands in for narrative modules in a test of their words."""

    def __init__(self, *modules: ModuleType) -> None:
        self._modules = modules

    def __getattr__(self, name: str) -> Any:
        found = next(getattr(module, name) for module in self._modules if hasattr(module, name))
        if not callable(found):
            return found
        return lambda *given, **named: text_of(found(*given, **named))
