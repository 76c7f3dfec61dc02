"""``relmark check``: the audit of a source, in colour for people and as JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from relmark_research.errors import DataError, ReportError
from relmark_research.reporting.execution.run_execution import Progress, Watch
from relmark_research.reporting.recipe.parameters import Parameter, read_parameters
from relmark_research.reporting.recipe.recipe_file import notebooks_folder, read_recipe
from relmark_research.reporting.record.outputs import read_executed, title

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

_COLOURS = {"left out": "red", "kept": "yellow", "": "bold"}


def check_source(
    source: str, columns: Mapping[str, Any], options: Mapping[str, Any], *, out: Path | None = None
) -> TransactionLog:
    """Read a source as a report would, print what was done with each row, and write it as JSON.

    Parameters
    ----------
    source
        As `read_transactions` takes it.
    columns
        customer, date, value, cost and returns, as far as they are said.
    options
        `ReadOptions` by name.
    out
        A file for the audit as JSON; None for none. A refusal is written as well.

    Raises
    ------
    DataError, ParameterError
        Where the data cannot carry a report; the command line then ends with exit code 2.
    """
    from relmark_research.customers.log.transactions import read_transactions
    from relmark_research.reporting.record.provenance import read_options
    from relmark_research.tables.sources import open_source

    given = {name: value for name, value in columns.items() if value is not None}
    try:
        log = read_transactions(source, options=read_options(options), **cast(Any, given))
        audit = log.audit
        repeaters = _refuse_what_carries_no_report(log)
    except ValueError as error:
        if out is not None:
            refused = {"usable": False, "refused": str(error)}
            _write(out, {"source": open_source.describe_source(source), **refused})
        raise
    if out is not None:
        _write(out, _as_json(log, audit, repeaters))
    _print(log, audit)
    return log


def _refuse_what_carries_no_report(log: TransactionLog) -> int:
    """Return how many customers bought again; nobody is nothing to learn from."""
    histories = log.distinct_histories(unit="day").table
    repeaters = int(histories.loc[histories["frequency"] > 0, "n_customers"].sum())
    if repeaters == 0:
        raise DataError(
            "the data cannot carry a report: not one of "
            f"{int(histories['n_customers'].sum()):,} customers bought on two days. "
            "Give a longer log, or another column for the customer."
        )
    return repeaters


def _as_json(log: TransactionLog, audit: pd.DataFrame, repeaters: int) -> dict[str, Any]:
    return {
        "source": log.source,
        "usable": True,
        "first_day": log.observed_from.isoformat(),
        "last_day": log.observed_until.isoformat(),
        "repeat_customers": repeaters,
        "audit": json.loads(audit.to_json(orient="records")),
    }


def _write(out: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False)
    out.write_text(text + "\n", encoding="utf-8")


def _print(log: TransactionLog, audit: pd.DataFrame) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console() if sys.stdout.isatty() else Console(width=200)
    console.print(Text(f"{log.source}: {log.observed_from} to {log.observed_until}"))
    table = Table(box=None, pad_edge=False)
    for name in ("check", "rows", "share", "action", "examples"):
        table.add_column(name, justify="right" if name in ("rows", "share") else "left")
    for line in audit.to_dict("records"):
        colour = _COLOURS.get(line["action"], "") if line["rows"] else "dim"
        words = [line["check"], f"{line['rows']:,}", f"{line['share']:.1%}", line["action"]]
        table.add_row(*(Text(str(word), style=colour) for word in words), Text(line["examples"]))
    console.print(table)


# ``relmark list``: what each notebook can be asked.


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


# What a run says while it runs: a bar on a terminal, plain lines elsewhere; both on stderr.


@contextmanager
def watching() -> Iterator[Watch]:
    """Give what is called at every change of a run."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    words = TextColumn("{task.description}", markup=False)
    columns = (words, BarColumn(), MofNCompleteColumn(), TextColumn("cells"), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True)) as shown:
        yield bars(shown)


@dataclass
class Lines:
    """Progress as one line for every change of state."""

    said: dict[str, str] = field(default_factory=dict)

    def __call__(self, progress: Progress) -> None:
        """Say where a notebook is, where that is new."""
        if self.said.get(progress.notebook) == progress.state:
            return
        self.said[progress.notebook] = progress.state
        took = f" ({progress.seconds:.1f} s)" if progress.state != "running" else ""
        took = ", unchanged since the last good run" if progress.reused else took
        say(f"{progress.notebook}: {progress.state}{took}")


def bars(shown: Any) -> Callable[[Progress], None]:
    """Return what shows progress as bars, one for each notebook."""
    tasks: dict[str, Any] = {}

    def show(progress: Progress) -> None:
        name = progress.notebook
        if name not in tasks:
            tasks[name] = shown.add_task(name, total=None)
        words = f"{name}: {'unchanged' if progress.reused else progress.state}"
        if progress.state == "running":
            done = max(progress.cell - 1, 0)
            shown.update(
                tasks[name], description=words, completed=done, total=progress.cells or None
            )
        elif progress.state == "done":
            total = next(task.total for task in shown.tasks if task.id == tasks[name]) or 1
            shown.update(tasks[name], description=words, completed=total, total=total)
        else:
            shown.update(tasks[name], description=words)

    return show


def say(text: str) -> None:
    """Say something that is not a result."""
    print(text, file=sys.stderr, flush=True)


def columns(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Give lines with their columns aligned; the last one runs free."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()
