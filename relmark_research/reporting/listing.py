"""``relmark list``: what each notebook can be asked."""

from pathlib import Path

from relmark_research.errors import ReportError
from relmark_research.reporting.outputs import read_executed, title
from relmark_research.reporting.parameters import Parameter, read_parameters
from relmark_research.reporting.recipe import notebooks_folder, read_recipe
from relmark_research.reporting.terminal import columns


def print_notebooks(where: Path) -> None:
    """Print notebooks with their parameters: type, default, what it means.

    Parameters
    ----------
    where
        A notebook, a recipe, or a folder in or below the project.

    Raises
    ------
    ReportError
        There is nothing such, or a notebook's parameters cannot be read.
    """
    for book in _notebooks(where):
        print(f"{book.stem}  {title(read_executed(book, book))}".rstrip())
        lines = columns([_row(parameter) for parameter in read_parameters(book)])
        print("\n".join(lines) or "  no parameters", end="\n\n")


def _row(parameter: Parameter) -> tuple[str, ...]:
    kind = f"{parameter.type} or none" if parameter.optional else parameter.type
    words = f"{parameter.help} [{parameter.unit}]" if parameter.unit else parameter.help
    return parameter.name, kind, repr(parameter.default), words


def _notebooks(where: Path) -> list[Path]:
    if where.suffix == ".ipynb" and where.is_file():
        return [where]
    if where.is_file():
        return list(read_recipe(where).notebooks)
    if not where.is_dir():
        raise ReportError(f"no notebook, recipe or folder at {where.absolute()}.")
    return sorted(notebooks_folder(where.resolve()).glob("*.ipynb"))
