"""Notebooks run in this process, and what they say."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import IPython.display
import pytest

from relmark_research.reporting.record.manifest import RECORD_MIME

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@dataclass
class Page:
    """What a notebook displayed: the records of its story, in order."""

    records: list[dict[str, Any]] = field(default_factory=list)

    def texts(self, kind: str = "") -> list[str]:
        """The texts of the records of a kind, or of all."""
        return [each.get("text", "") for each in self.records if kind in ("", each["kind"])]

    @property
    def text(self) -> str:
        """All that is said."""
        return "\n".join(self.texts())

    @property
    def claims(self) -> list[dict[str, Any]]:
        """All claims."""
        return [claim for each in self.records for claim in each.get("claims", [])]

    @property
    def figures(self) -> dict[str, Any]:
        """Key figures by name."""
        return {each["name"]: each for each in self.records if each["kind"] == "key_figure"}

    @property
    def left_out(self) -> list[str]:
        """The questions without a section."""
        return [each["question"] for each in self.records if each["kind"] == "left_out"]


@pytest.fixture
def page(monkeypatch) -> Callable[..., Page]:
    """Return a function that runs a notebook with parameters in this process."""

    def run(name: str, **parameters: Any) -> Page:
        shown: list[dict[str, Any]] = []
        monkeypatch.setattr(IPython.display, "display", lambda data, **_: shown.append(data))
        notebook = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))
        names: dict[str, Any] = {}
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                exec("".join(cell["source"]), names)
                if "parameters" in cell["metadata"].get("tags", []):
                    unknown = set(parameters) - set(names)
                    assert not unknown, f"no parameter {unknown}"
                    names.update(parameters)
        return Page([each[RECORD_MIME] for each in shown if RECORD_MIME in each])

    return run
