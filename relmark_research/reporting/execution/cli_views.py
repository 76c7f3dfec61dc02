"""What the command line prints: the audit of a source, the notebooks, the progress of a run."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from relmark_research.errors import DataError, ParameterError, ReportError
from relmark_research.reporting.execution.run_execution import Progress, ProgressCallback
from relmark_research.reporting.recipe.parameters import Parameter, read_parameters
from relmark_research.reporting.recipe.recipe_file import notebooks_folder, read_recipe
from relmark_research.reporting.record.outputs import notebook_title, read_executed

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

_COLOURS = {"left out": "red", "kept": "yellow", "": "bold"}  # by action of the audit
_WIDTH = 200  # characters of a line that does not go to a terminal


def audit_source(
    source: str, columns: Mapping[str, Any], options: Mapping[str, Any], *, out: Path | None = None
) -> TransactionLog:
    """Read a source as a report would, print its audit, and write it as JSON.

    Parameters
    ----------
    source
        A source for `read_transactions`.
    columns
        The arguments customer, date, value, cost and returns; None is the default, and the value
        ``"none"`` is a log without money.
    options
        `ReadOptions` by name.
    out
        File for the audit as JSON, or None. An error is written to it as well.

    Raises
    ------
    DataError, ParameterError
        The data are not sufficient for a report; the command line then ends with exit code 2.
    """
    from relmark_research.customers.log.transactions import read_transactions
    from relmark_research.reporting.record.provenance import read_options
    from relmark_research.tables.options import worded_for
    from relmark_research.tables.sources import open_source

    arguments = {name: value for name, value in columns.items() if value is not None}
    if str(arguments.get("value")).strip().lower() == "none":
        arguments["value"] = None
    try:
        log = read_transactions(
            source, options=read_options(options, place="--option"), **cast(Any, arguments)
        )
        audit = log.audit
        counted = _count_customers(log)
    except ValueError as error:
        words = worded_for(str(error), "command line")
        if out is not None:
            refused = {"usable": False, "refused": words}
            _write_json(out, {"source": open_source.describe_source(source), **refused})
        if isinstance(error, DataError | ParameterError):
            raise type(error)(words) from None
        raise
    if out is not None:
        _write_json(out, _audit_record(log, audit, counted[1]))
    _print_log(log, audit, counted)
    return log


def print_notebooks(where: Path) -> None:
    """Print notebooks with the type, default and meaning of their parameters.

    Parameters
    ----------
    where
        A notebook, a recipe, or a folder in or below the project.

    Raises
    ------
    ReportError
        There is no such notebook, recipe or folder, or a parameters cell cannot be read.
    """
    for path in _notebooks(where):
        print(f"{path.stem}  {notebook_title(read_executed(path, path))}".rstrip())
        lines = aligned([_row(parameter) for parameter in read_parameters(path)])
        print("\n".join(lines) or "  no parameters", end="\n\n")


@contextmanager
def progress_display() -> Iterator[ProgressCallback]:
    """Yield a callback that shows the progress of a run on standard error.

    On a terminal it draws one bar per notebook; elsewhere it prints lines.
    """
    if not sys.stderr.isatty():
        yield ProgressLines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    description = TextColumn("{task.description}", markup=False)
    cells = (BarColumn(), MofNCompleteColumn(), TextColumn("cells"), TimeElapsedColumn())
    with Bars(description, *cells, console=Console(stderr=True)) as bars:
        yield progress_bars(bars)


@dataclass
class ProgressLines:
    """A progress callback that prints one line for every change of state.

    Attributes
    ----------
    printed
        The state that was last printed, by notebook.
    """

    printed: dict[str, str] = field(default_factory=dict)

    def __call__(self, progress: Progress) -> None:
        """Print the state of a notebook if it has changed."""
        if self.printed.get(progress.notebook) == progress.state:
            return
        self.printed[progress.notebook] = progress.state
        detail = f" ({progress.seconds:.1f} s)" if progress.state != "running" else ""
        detail = ", unchanged since the last good run" if progress.reused else detail
        print(f"{progress.notebook}: {progress.state}{detail}", file=sys.stderr, flush=True)


def progress_bars(bars: Any) -> ProgressCallback:
    """Return a progress callback that updates one bar of `rich` for each notebook."""
    tasks: dict[str, Any] = {}

    def update(progress: Progress) -> None:
        name = progress.notebook
        if name not in tasks:
            tasks[name] = bars.add_task(name, total=None)
        task = tasks[name]
        description = f"{name}: {'unchanged' if progress.reused else progress.state}"
        if progress.state == "running":
            done, total = max(progress.cell - 1, 0), progress.cells or None
            bars.update(task, description=description, completed=done, total=total)
        elif progress.state == "done":
            total = next(each.total for each in bars.tasks if each.id == task) or 1
            bars.update(task, description=description, completed=total, total=total)
        else:
            bars.update(task, description=description)

    return update


def aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Yield rows as lines with aligned columns; the last column is not padded."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()


def _count_customers(log: TransactionLog) -> tuple[int, int]:
    """Return how many customers there are, and how many bought again; DataError if none did."""
    histories = log.distinct_histories(unit="day").table
    repeat = int(histories.loc[histories["frequency"] > 0, "n_customers"].sum())
    customers = int(histories["n_customers"].sum())
    if repeat == 0:
        raise DataError(
            "expected customers who bought on at least two days; found none among "
            f"{customers:,}. Give a longer log, or another column for the customer."
        )
    return customers, repeat


def _audit_record(
    log: TransactionLog, audit: pd.DataFrame, repeat_customers: int
) -> dict[str, Any]:
    return {
        "source": log.source,
        "usable": True,
        "first_day": log.observed_from.isoformat(),
        "last_day": log.observed_until.isoformat(),
        "repeat_customers": repeat_customers,
        "audit": json.loads(audit.to_json(orient="records")),
    }


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def _print_log(log: TransactionLog, audit: pd.DataFrame, counted: tuple[int, int]) -> None:
    customers, repeat = counted
    days = f"{log.observed_from} to {log.observed_until}"
    print(f"{log.source}: {days}; {customers:,} customers, {repeat:,} bought on two days or more\n")
    print_audit(audit)


def print_audit(audit: pd.DataFrame) -> None:
    """Print an audit, a line per check, and below it the first rows that a check found."""
    from rich.console import Console
    from rich.text import Text

    console = Console() if sys.stdout.isatty() else Console(width=_WIDTH)
    records = audit.to_dict("records")
    rows = [("check", "rows", "share", "what is done")]
    rows += [(r["check"], f"{r['rows']:,}", f"{r['share']:.1%}", r["action"]) for r in records]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, (check, count, share, action) in enumerate(rows):
        line = f"  {check:{widths[0]}}  {count:>{widths[1]}}  {share:>{widths[2]}}  {action}"
        found = records[number - 1]["rows"] if number else 1
        style = _COLOURS.get(action, "") if found else "dim"
        indent = len(line) - len(action) if len(line) - len(action) < console.width - 20 else 6
        console.print(Text(_wrapped(line, console.width, indent), style=style))
    shown = [(record["check"], record["examples"]) for record in records if record["examples"]]
    for number, (check, examples) in enumerate(shown):
        words = _wrapped(f"  {check}, first: {examples}", console.width, 4)
        console.print(Text(words if number else f"\n{words}"))


def _wrapped(line: str, width: int, indent: int) -> str:
    return textwrap.fill(line.rstrip(), width, subsequent_indent=" " * indent,
                         drop_whitespace=True, break_on_hyphens=False)  # fmt: skip


def _row(parameter: Parameter) -> tuple[str, ...]:
    type_ = f"{parameter.type} or none" if parameter.optional else parameter.type
    text = f"{parameter.help} [{parameter.unit}]" if parameter.unit else parameter.help
    return parameter.name, type_, repr(parameter.default), text


def _notebooks(where: Path) -> list[Path]:
    if where.suffix == ".ipynb" and where.is_file():
        return [where]
    if where.is_file():
        return list(read_recipe(where).notebooks)
    if not where.is_dir():
        raise ReportError(f"no notebook, recipe or folder at {where.absolute()}.")
    return sorted(notebooks_folder(where.resolve()).glob("*.ipynb"))
