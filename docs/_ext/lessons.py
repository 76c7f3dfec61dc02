"""The lessons as pages: solutions folded, sentences without their code, everything executed."""

import ast
import json
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

SOURCE = Path(__file__).parents[2] / "notebooks" / "lessons"
FOLDED = {"solution": "Solution", "hint": "Hint"}


def _page(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return the notebook with solutions folded, and without the code that only speaks."""
    for cell in notebook["cells"]:
        tags = cell["metadata"].setdefault("tags", [])
        name = next((FOLDED[tag] for tag in tags if tag in FOLDED), None)
        if name and cell["cell_type"] == "code":
            tags.append("hide-cell")
            told = cell["metadata"].setdefault("mystnb", {})
            told |= {"code_prompt_show": name, "code_prompt_hide": name}
        elif name:
            text = "".join(cell["source"])
            if "<details" not in text:
                cell["source"] = f"<details><summary>{name}</summary>\n\n{text}\n\n</details>\n"
        elif cell["cell_type"] == "code" and _only_speaks("".join(cell["source"])):
            tags.append("remove-input")
    return notebook


def _only_speaks(source: str) -> bool:
    """Tell whether a cell does nothing but `say`: its sentence is the page's text."""
    steps = [step.value if isinstance(step, ast.Expr) else step for step in ast.parse(source).body]
    calls = [step.func for step in steps if isinstance(step, ast.Call)]
    said = [call for call in calls if isinstance(call, ast.Name) and call.id == "say"]
    return bool(steps) and len(said) == len(steps)


def copy_lessons(app: Sphinx, config: Config) -> None:
    """Write the pages into docs/lessons/, touching only what has changed."""
    target = Path(app.srcdir) / "lessons"
    target.mkdir(exist_ok=True)
    sources = {path.name: path for path in sorted(SOURCE.glob("*.ipynb"))}
    for stale in target.glob("*.ipynb"):
        if stale.name not in sources:
            stale.unlink()
    for name, path in sources.items():
        text = json.dumps(_page(json.loads(path.read_text("utf-8"))), ensure_ascii=False, indent=1)
        page = target / name
        if not page.is_file() or page.read_text("utf-8") != text:
            page.write_text(text, "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Copy the lessons before Sphinx looks for pages."""
    app.connect("config-inited", copy_lessons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
