"""The command line: ``relmark run``, ``list``, ``check``, ``compare``, ``verify``, ``init``,
``lessons``.

Exit codes: 0 done; 1 a notebook failed, a page could not be printed, or a run could not be
repeated; 2 the recipe, a parameter or the data are refused before anything ran; 3 done, an alert
fired; 4 the same recipe is running; 130 stopped on request (Ctrl-C, SIGTERM), nothing published.
"""

import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from relmark_research.errors import RelmarkError, ReportError

DONE, FAILED, REFUSED, ALERT, RUNNING = range(5)
STOPPED = 130

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(asked: bool) -> None:
    from importlib.metadata import version

    if asked:
        print(f"relmark-research {version('relmark-research')}")
        raise typer.Exit(DONE)


@app.callback()
def relmark(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print it."),
    ] = False,
) -> None:
    """Relationship marketing, measured: transactions in, reports out."""


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
        typer.Option(
            metavar="NOTEBOOK",
            help="Run only this notebook, and leave latest as it is; may be given several times.",
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Notebooks to run at the same time.")] = 1,
    keep: Annotated[
        int | None, typer.Option(min=1, help="Runs to keep; the last good one always stays.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the runs here, by recipe.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Run also what has not changed since the last good run.")
    ] = False,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Print the pages as PDF too, with an installed Chromium.")
    ] = False,
) -> None:
    """Run a recipe's notebooks and publish their reports.

    The last line of the output is the path of the index page. Exit codes: 0 done; 1 a notebook
    failed; 2 refused before anything ran; 3 done, an alert fired; 4 it is running already.
    """
    from relmark_research.reporting.execution.cli_views import watching
    from relmark_research.reporting.execution.runner import Asked, run_recipe

    chosen = tuple(settings or ()), tuple(only or ())
    asked = Asked(*chosen, as_of, jobs, keep, out, force, pdf)
    try:
        with watching() as watch:
            folder = run_recipe(recipe, asked, watch=watch)
    except KeyboardInterrupt:
        _say("relmark: stopped; nothing was published.")
        raise typer.Exit(STOPPED) from None
    code = _ended(folder, pdf)
    print((folder / "index.html").absolute(), flush=True)
    raise typer.Exit(code)


def _ended(folder: Path, pdf: bool) -> int:
    """Say what a finished run has to say, and return its exit code."""
    from relmark_research.reporting.record.manifest import read_manifest

    manifest = read_manifest(folder)
    for run in manifest.notebooks:
        if run.state not in ("done", "skipped"):
            _say(f"relmark: {run.notebook} {run.state}: {run.error}")
    for alert in manifest.alerts:
        _say(f"relmark: alert: {alert}")
    if manifest.good and manifest.partial:
        _say("relmark: only a part of the recipe was run, so latest stays as it was.")
    pages = list(folder.glob("*.html"))
    printed = not pdf or all(page.with_suffix(".pdf").is_file() for page in pages)
    if not (manifest.good and printed):
        return FAILED
    return ALERT if manifest.alerts else DONE


@app.command("list")
def list_notebooks(
    where: Annotated[
        Path, typer.Argument(help="A notebook, a recipe, or a folder in or below the project.")
    ] = Path(),
) -> None:
    """Print notebooks and their parameters."""
    from relmark_research.reporting.execution.cli_views import print_notebooks

    print_notebooks(where)


@app.command()
def check(
    source: Annotated[
        str,
        typer.Argument(help="A file, a glob, a database URL with #table, or dataset:cdnow_full."),
    ],
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
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the audit here as JSON.")
    ] = None,
) -> None:
    """Read a log and say what was done with its rows.

    Ends with exit code 2 where it can carry no report.
    """
    from relmark_research.reporting.execution.cli_views import check_source

    columns = {"customer": customer, "date": date, "value": value, "cost": cost, "returns": returns}
    named = dict(_pair(option) for option in options or ())
    check_source(source, columns, named, out=json)


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="The folder of a run.")],
    after: Annotated[Path, typer.Argument(help="The folder of a later run, or of latest.")],
) -> None:
    """Print what the key figures did between two runs.

    And what could have moved them: data, code, versions, parameters.
    """
    from relmark_research.reporting.record.manifest import read_manifest
    from relmark_research.reporting.record.run_comparison import compare_runs

    _print_changes(compare_runs(read_manifest(before), read_manifest(after)))


@app.command()
def verify(
    run: Annotated[Path, typer.Argument(help="The folder of a run, or of latest.")],
) -> None:
    """Make a run again and compare its key figures.

    It is made aside. Ends with exit code 1 where other figures come out.
    """
    from relmark_research.reporting.execution.verify import verify_run

    found = verify_run(run)
    for again in (each for each in found.again.notebooks if each.state != "done"):
        _say(f"relmark: {again.notebook} {again.state}: {again.error}")
    _print_changes(found.comparison)
    count = len(found.comparison.changes)
    print(f"The same: {count} key figures." if found.same else "Not the same.", flush=True)
    raise typer.Exit(DONE if found.same else FAILED)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder, or an empty one.")],
) -> None:
    """Make a project: recipes, notebooks, data folder."""
    from relmark_research.reporting.recipe.project import make_project
    from relmark_research.teaching.copies import write_copies

    made = [*make_project(folder), *write_copies(folder / "lessons", kinds=("student",)).made]
    print(f"{len(made)} files in {folder.absolute()}. Next:", flush=True)
    print(f"  cd {folder}\n  relmark run reports/recipes/cdnow.yml", flush=True)
    print("  jupyter lab lessons/student", flush=True)


@app.command()
def lessons(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the copies go.")],
) -> None:
    """Write the lessons, for students and for teachers.

    The students' copies are without solutions.
    """
    from relmark_research.teaching.copies import write_copies

    copies = write_copies(folder)
    for path in copies.kept:
        _say(f"relmark: {path} was worked in and is left as it is; move it away to have it anew.")
    print(f"{len(copies.made)} files in {folder}/student and {folder}/teacher. Next:", flush=True)
    print(f"  jupyter lab {folder}/student", flush=True)


def _print_changes(comparison: Any) -> None:
    from relmark_research.reporting.execution.cli_views import columns

    for cause in comparison.causes:
        print(cause)
    rows: list[tuple[str, ...]] = [("notebook", "key figure", "then", "now", "change")]
    rows += [
        (change.notebook, change.name, change.then, change.now, change.words)
        for change in comparison.changes
    ]
    print("\n".join(columns(rows)), flush=True)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with one of the documented exit codes."""
    from relmark_research.reporting.execution.import_blocklist import spare_grammar

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    spare_grammar()
    sys.exit(exit_code(arguments))


def exit_code(arguments: list[str] | None = None) -> int:
    """Carry out a command line and return its exit code; what is refused is said on stderr."""
    from relmark_research.reporting.record.run_store import RunningError

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


def _pair(option: str) -> tuple[str, str]:
    name, equals, value = option.partition("=")
    if not equals:
        raise ReportError(f"--option takes NAME=VALUE; found {option!r}.")
    return name.strip(), value
