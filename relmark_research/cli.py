"""The command line: ``relmark run``, ``relmark list``, ``relmark check``.

Exit codes: 0 done; 1 a notebook failed; 2 the recipe, a parameter or the data are refused before
anything ran; 3 done, an alert fired; 4 the same recipe is running; 130 stopped on request (Ctrl-C,
SIGTERM), nothing published.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from relmark_research.errors import RelmarkError, ReportError
from relmark_research.reporting.runner import Asked, Progress, Watch

DONE, FAILED, REFUSED, ALERT, RUNNING = range(5)
STOPPED = 130

app = typer.Typer(
    help="Relationship marketing, measured: transactions in, reports out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def run(
    recipe: Annotated[Path, typer.Argument(help="A recipe, such as reports/recipes/cdnow.yml.")],
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="See nothing after this day (1997-09-30).")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="NOTEBOOK.NAME=VALUE or data.KEY=VALUE; may be given several times.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NOTEBOOK", help="Run this notebook; may be given several times."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Notebooks to run at the same time.")] = 1,
    keep: Annotated[
        int | None, typer.Option(min=1, help="Runs to keep; the last good one always stays.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the runs here, by recipe.")
    ] = None,
) -> None:
    """Run the notebooks of a recipe and publish their reports; the last line is the index page."""
    from relmark_research.reporting.manifest import read_manifest
    from relmark_research.reporting.runner import run_recipe

    asked = Asked(tuple(settings or ()), tuple(only or ()), as_of, jobs, keep, out)
    try:
        with _watching() as watch:
            folder = run_recipe(recipe, asked, watch=watch)
    except KeyboardInterrupt:
        _say("relmark: stopped; nothing was published.")
        raise typer.Exit(STOPPED) from None
    manifest = read_manifest(folder)
    for failed in (each for each in manifest.notebooks if each.state != "done"):
        _say(f"relmark: {failed.notebook} {failed.state}: {failed.error}")
    print((folder / "index.html").absolute(), flush=True)
    raise typer.Exit(DONE if manifest.good else FAILED)


@app.command("list")
def list_notebooks(
    where: Annotated[
        Path, typer.Argument(help="A notebook, a recipe, or a folder in or below the project.")
    ] = Path(),
) -> None:
    """Print the notebooks and their parameters: type, default, what it means."""
    from relmark_research.reporting.outputs import read_executed, title
    from relmark_research.reporting.parameters import read_parameters

    for book in _notebooks(where):
        print(f"{book.stem}  {title(read_executed(book, book))}".rstrip())
        rows: list[tuple[str, ...]] = [
            (each.name, each.type, repr(each.default), _help(each.help, each.unit))
            for each in read_parameters(book)
        ]
        print("\n".join(_columns(rows)) or "  no parameters", end="\n\n")


@app.command()
def check(
    source: Annotated[str, typer.Argument(help="A file, a glob, or dataset:cdnow_full.")],
    customer: Annotated[str, typer.Option(help="Column with the customer's id.")] = "customer_id",
    date: Annotated[str, typer.Option(help="Column with the day.")] = "date",
    value: Annotated[str, typer.Option(help="Column, or columns as in 'a * b'.")] = "value",
    cost: Annotated[str | None, typer.Option(help="Column with what the goods cost.")] = None,
    returns: Annotated[str, typer.Option(help="net, drop, keep or refuse.")] = "net",
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            metavar="NAME=VALUE",
            help="How the source is written: separator, decimal, date_format, time_zone, ...",
        ),
    ] = None,
) -> None:
    """Read a log of transactions and print what was done with each of its rows."""
    from relmark_research.customers.transactions import read_transactions
    from relmark_research.reporting.provenance import read_options

    log = read_transactions(
        source,
        customer=customer,
        date=date,
        value=value,
        cost=cost,
        returns=cast(Any, returns),  # read_transactions says which words there are
        options=read_options(dict(_pair(option) for option in options or ())),
    )
    print(f"{source}: {log.observed_from} to {log.observed_until}")
    table = log.audit.reset_index() if log.audit.index.name else log.audit
    rows = [tuple(str(name) for name in table.columns)]
    rows += [tuple(map(_cell, row)) for row in table.itertuples(index=False)]
    print("\n".join(_columns(rows)))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with one of the documented exit codes."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(exit_code(arguments))


def exit_code(arguments: list[str] | None = None) -> int:
    """Carry out a command line and return its exit code; what is refused is said on stderr."""
    from relmark_research.reporting.publish import RunningError

    try:
        app(arguments, prog_name="relmark", standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FAILED
    except RunningError as error:
        return _refused(error, RUNNING)
    except RelmarkError as error:
        return _refused(error, REFUSED)
    except OSError as error:
        return _refused(error, FAILED)
    return DONE


def _refused(error: Exception, code: int) -> int:
    _say(f"relmark: {error}")
    return code


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _notebooks(where: Path) -> list[Path]:
    from relmark_research.reporting.recipe import notebooks_folder, read_recipe

    if where.suffix == ".ipynb" and where.is_file():
        return [where]
    if where.is_file():
        return list(read_recipe(where).notebooks)
    if not where.is_dir():
        raise ReportError(f"no notebook, recipe or folder at {where.absolute()}.")
    return sorted(notebooks_folder(where.resolve()).glob("*.ipynb"))


def _help(words: str, unit: str) -> str:
    return f"{words} [{unit}]" if unit else words


def _pair(option: str) -> tuple[str, str]:
    name, equals, value = option.partition("=")
    if not equals:
        raise ReportError(f"--option takes NAME=VALUE; found {option!r}.")
    return name.strip(), value


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _columns(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Lines with their columns aligned; the last one runs free."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()


@contextmanager
def _watching() -> Iterator[Watch]:
    """A progress bar on a terminal, plain lines elsewhere; both on stderr."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    words = TextColumn("{task.description}")
    columns = (words, BarColumn(), MofNCompleteColumn(), TextColumn("cells"), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        yield _bars(bars)


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
        _say(f"{progress.notebook}: {progress.state}{took}")


def _bars(bars: Any) -> Callable[[Progress], None]:
    tasks: dict[str, Any] = {}

    def show(progress: Progress) -> None:
        name = progress.notebook
        if name not in tasks:
            tasks[name] = bars.add_task(name, total=None)
        words = f"{name}: {progress.state}"
        if progress.state == "running":
            done = max(progress.cell - 1, 0)
            bars.update(tasks[name], description=words, completed=done, total=progress.cells or 1)
        else:
            bars.update(tasks[name], description=words)
            if progress.state == "done":
                bars.update(tasks[name], completed=bars.tasks[tasks[name]].total or 1)

    return show
