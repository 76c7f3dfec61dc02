"""The command line: ``relmark run``, ``list``, ``check``, ``tables``, ``template``, ``compare``,
``verify``, ``bundle``, ``explain``, ``doctor``, ``init``, ``key``, ``lessons``.

Exit codes: 0 done; 1 a notebook failed, a page could not be printed, a run was not reproduced, or
``doctor --check`` found damage;
2 the recipe, a parameter or the data are invalid, and nothing ran; 3 done, and an alert fired;
4 the recipe is already running; 130 stopped (Ctrl-C, SIGTERM, SIGHUP), nothing published.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from relmark_research.errors import SHOW_VARIABLE, RelmarkError, ReportError, values_shown

DONE, FAILED, REFUSED, ALERT, RUNNING = range(5)
STOPPED = 130

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(requested: bool) -> None:
    from importlib.metadata import version

    if requested:
        print(f"relmark-research {version('relmark-research')}")
        raise typer.Exit(DONE)


@app.callback()
def relmark(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Relationship marketing, measured: transactions in, reports out."""


@app.command()
def run(
    recipe: Annotated[Path, typer.Argument(help="A recipe, such as reports/recipes/cdnow.yml.")],
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="Last day of the data to use (1997-09-30).")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="NOTEBOOK.NAME=VALUE or data.KEY=VALUE; may be repeated.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NOTEBOOK",
            help="Run only this notebook; latest does not change. May be repeated.",
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Notebooks to run in parallel.")] = 1,
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="Number of runs to keep; the last good run is always kept."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for the runs of each recipe.")
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Also run notebooks that have not changed since the last good run."
        ),
    ] = False,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Also print the pages as PDF, with an installed Chromium.")
    ] = False,
) -> None:
    """Run the notebooks of a recipe and publish their reports.

    The last line of the output is the path of the index page. Exit codes: 0 done; 1 a notebook
    failed; 2 invalid input, nothing ran; 3 done, and an alert fired; 4 already running.
    """
    from relmark_research.reporting.execution.cli_views import progress_display
    from relmark_research.reporting.execution.runner import RunOptions, run_recipe

    repeated = tuple(settings or ()), tuple(only or ())
    options = RunOptions(*repeated, as_of, jobs, keep, out, force, pdf)
    try:
        with progress_display() as on_progress:
            folder = run_recipe(recipe, options, on_progress=on_progress)
    except KeyboardInterrupt:
        _print_error("relmark: stopped; nothing was published.")
        raise typer.Exit(STOPPED) from None
    code = _report_result(folder, pdf)
    print((folder / "index.html").absolute(), flush=True)
    raise typer.Exit(code)


def _report_result(folder: Path, pdf: bool) -> int:
    """Print the errors and alerts of a finished run, and return its exit code."""
    from relmark_research.reporting.record.manifest import read_manifest

    manifest = read_manifest(folder)
    for run in manifest.notebooks:
        if run.state not in ("done", "skipped"):
            _print_error(f"relmark: {run.notebook} {run.state}: {run.error}")
    for alert in manifest.alerts:
        _print_error(f"relmark: alert: {alert}")
    if manifest.succeeded and manifest.partial:
        _print_error("relmark: only part of the recipe was run, so latest has not changed.")
    pages = list(folder.glob("*.html"))
    printed = not pdf or all(page.with_suffix(".pdf").is_file() for page in pages)
    if not (manifest.succeeded and printed):
        return FAILED
    return ALERT if manifest.alerts else DONE


@app.command("list")
def list_notebooks(
    where: Annotated[
        Path, typer.Argument(help="A notebook, a recipe, or a folder of the project.")
    ] = Path(),
) -> None:
    """Print notebooks and their parameters."""
    from relmark_research.reporting.execution.cli_views import print_notebooks

    print_notebooks(where)


@app.command()
def check(
    source: Annotated[
        str,
        typer.Argument(
            help="A file, a glob, a database URL with #table, dataset:cdnow_full, or a recipe."
        ),
    ],
    table: Annotated[
        str | None,
        typer.Option(metavar="TABLE", help="Table that the source is, as in: relmark tables."),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="OURS=THEIRS",
            help="With --table: the source's name of a column; may be repeated.",
        ),
    ] = None,
    customer: Annotated[str, typer.Option(help="Column with the customer id.")] = "customer_id",
    date: Annotated[str, typer.Option(help="Column with the date.")] = "date",
    value: Annotated[
        str, typer.Option(help="Column with the value, an expression such as 'a * b', or none.")
    ] = "value",
    cost: Annotated[str | None, typer.Option(help="Column with the cost of the goods.")] = None,
    returns: Annotated[
        str, typer.Option(help="Treatment of returns: net, drop, keep or refuse.")
    ] = "net",
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            metavar="NAME=VALUE",
            help="Reading option: separator, decimal, date_format, time_zone, ...",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="data.KEY=VALUE", help="With a recipe: as in relmark run."),
    ] = None,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the audit to this file as JSON.")
    ] = None,
    show_values: Annotated[
        bool,
        typer.Option("--show-values", help="Show values of the data in messages, ids included."),
    ] = False,
) -> None:
    """Read a log, another table or all tables of a recipe, and print the audit.

    Of a recipe it also prints which sections of which report can run, why the others are left out,
    and which further table would answer which further question.

    Where the source cannot be read, prints the lines of a recipe that make it readable, as far as
    the data settle them. Ends with exit code 2 if the data are not sufficient for a report.
    """
    from relmark_research.reporting.execution import table_check
    from relmark_research.reporting.execution.cli_views import audit_source

    if show_values:
        os.environ[SHOW_VARIABLE] = "1"
    reading = dict(_split_option(option, "--option") for option in options or ())
    if table is not None:
        named = dict(_split_option(column, "--column") for column in columns or ())
        table_check.check_table(source, table, named, reading)
        return
    if source.endswith((".yml", ".yaml")):
        table_check.check_recipe_file(source, settings=tuple(settings or ()))
        return
    names = {"customer": customer, "date": date, "value": value, "cost": cost, "returns": returns}
    try:
        audit_source(source, names, reading, out=json)
    except RelmarkError:
        table_check.print_log_proposal(source, names, reading)
        raise


@app.command()
def tables(
    table: Annotated[str | None, typer.Argument(help="A table, to see it in full.")] = None,
) -> None:
    """Print the tables that the reports read, or the columns of one of them."""
    from relmark_research.reporting.execution.table_views import print_tables

    print_tables(table)


@app.command()
def template(
    table: Annotated[str, typer.Argument(help="A table, as in: relmark tables.")],
) -> None:
    """Print an empty CSV of a table; what its columns hold goes to standard error.

    relmark template contacts > contacts.csv
    """
    from relmark_research.reporting.execution.table_views import print_template

    print_template(table)


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="The folder of a run.")],
    after: Annotated[Path, typer.Argument(help="The folder of a later run, or of latest.")],
) -> None:
    """Print the changes of the key figures between two runs.

    Also prints the possible causes: data, code, versions, parameters.
    """
    from relmark_research.reporting.record.manifest import read_manifest
    from relmark_research.reporting.record.run_comparison import compare_runs

    _print_changes(compare_runs(read_manifest(before), read_manifest(after)))


@app.command()
def verify(
    run: Annotated[Path, typer.Argument(help="The folder of a run, or of latest.")],
) -> None:
    """Repeat a run in a temporary folder and compare its key figures.

    Ends with exit code 1 if a key figure differs.
    """
    from relmark_research.reporting.execution.verify import verify_run

    verification = verify_run(run)
    for repeated in verification.repetition.notebooks:
        if repeated.state != "done":
            _print_error(f"relmark: {repeated.notebook} {repeated.state}: {repeated.error}")
    _print_changes(verification.comparison)
    count = len(verification.comparison.changes)
    same = verification.reproduced
    print(f"The same: {count} key figures." if same else "Not the same.", flush=True)
    raise typer.Exit(DONE if same else FAILED)


@app.command()
def bundle(
    run: Annotated[Path, typer.Argument(help="The folder of a run, or of latest.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The zip file; default RECIPE-RUN.zip.")
    ] = None,
) -> None:
    """Write a zip file with which others can repeat a run; prints its path.

    It holds the recipe, the notebooks, figures, versions and the fingerprint of the data, but not
    the data and no file with a row per customer.
    """
    from relmark_research.reporting.store.bundle import write_bundle

    print(write_bundle(run, out).absolute(), flush=True)


@app.command()
def explain(
    run: Annotated[Path, typer.Argument(help="The folder of a run, or of latest.")],
    notebook: Annotated[str, typer.Argument(help="A notebook of the run.")],
) -> None:
    """Print why a notebook was run or reused, and what the key of its result covers."""
    from relmark_research.reporting.reuse import explain as explanations

    print("\n".join(explanations.explain(run, notebook).lines()), flush=True)


@app.command()
def doctor(
    where: Annotated[
        Path, typer.Argument(help="The runs of a recipe, or the folder with all of them.")
    ] = Path("reports/runs"),
    check_only: Annotated[
        bool, typer.Option("--check", help="Only print what is wrong; change nothing.")
    ] = False,
) -> None:
    """Find stored runs that are not as published, and repair them or move them aside.

    With --check, ends with exit code 1 if something is to be repaired.
    """
    from relmark_research.reporting.pages.overview import write_overviews
    from relmark_research.reporting.store.doctor import examine_store, find_stores, repair_store

    damaged = False
    for store in find_stores(where):
        findings = examine_store(store) if check_only else repair_store(store)
        damaged = damaged or any(finding.repair for finding in findings)
        for finding in findings:
            print(f"{store.path.name}/{finding}")
        print(f"{store.path.name}: {len(store.runs())} runs as published", flush=True)
        if findings and not check_only:
            write_overviews(store, "")
    raise typer.Exit(FAILED if damaged and check_only else DONE)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or an empty folder.")],
) -> None:
    """Create a project: recipes, notebooks, data folder."""
    from relmark_research.reporting.recipe.project import create_project
    from relmark_research.teaching.copies import write_copies

    files = list(create_project(folder))
    files += write_copies(folder / "lessons", kinds=("student",)).written
    print(f"{len(files)} files in {folder.absolute()}. Next:", flush=True)
    print(f"  cd {folder}\n  relmark run reports/recipes/cdnow.yml", flush=True)
    print("  jupyter lab lessons/student", flush=True)


@app.command()
def key(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder of the project.")
    ] = Path(),
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Replace the key: every pseudonym changes.")
    ] = False,
) -> None:
    """Make the key of customers' pseudonyms, unless there is one.

    Only its owner can read it. Without a key reports leave out tables with a row per customer.
    """
    from relmark_research.tables.pseudonyms import id_key, key_path, write_key

    path = key_path(folder)
    if path is not None and not rotate:
        id_key(folder)  # refused if others can read it
        print(f"There is a key: {path}", flush=True)
        return
    path = write_key(path.parent.parent if path else folder, rotate=rotate)
    print(f"New key: {path}. Keep it secret, and keep a copy.", flush=True)


@app.command()
def lessons(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the copies.")],
) -> None:
    """Write the lessons for students and for teachers.

    The copies for students have no solutions.
    """
    from relmark_research.teaching.copies import write_copies

    copies = write_copies(folder)
    for path in copies.unchanged:
        _print_error(
            f"relmark: {path} has been edited and was not replaced; move it to get a new copy."
        )
    print(
        f"{len(copies.written)} files in {folder}/student and {folder}/teacher. Next:", flush=True
    )
    print(f"  jupyter lab {folder}/student", flush=True)


def _print_changes(comparison: Any) -> None:
    from relmark_research.reporting.execution.cli_views import aligned

    for cause in comparison.causes:
        print(cause)
    rows: list[tuple[str, ...]] = [("notebook", "key figure", "then", "now", "change")]
    rows += [
        (change.notebook, change.name, change.earlier, change.later, change.difference)
        for change in comparison.changes
    ]
    print("\n".join(aligned(rows)), flush=True)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with one of the documented exit codes."""
    from relmark_research.reporting.execution.import_blocklist import block_address_grammar

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    hang_up = getattr(signal, "SIGHUP", None)  # the terminal was closed
    if hang_up and signal.getsignal(hang_up) == signal.SIG_DFL:  # nohup ignores it
        signal.signal(hang_up, signal.default_int_handler)
    block_address_grammar()
    sys.exit(exit_code(arguments))


def exit_code(arguments: list[str] | None = None) -> int:
    """Run a command line, print errors to standard error, and return the exit code."""
    from relmark_research.reporting.store.run_store import AlreadyRunningError

    try:
        app(arguments, prog_name="relmark", standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FAILED
    except AlreadyRunningError as error:
        return _fail(error, RUNNING)
    except RelmarkError as error:
        return _fail(error, REFUSED)
    except OSError as error:
        return _fail(error, FAILED)
    except Exception as error:
        from relmark_research.reporting.execution._run_end import words_of

        if values_shown():
            raise
        _print_error(f"relmark: {words_of(error)}")
        return FAILED
    return DONE


def _fail(error: Exception, code: int) -> int:
    _print_error(f"relmark: {error}")
    return code


def _print_error(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _split_option(option: str, name_of_option: str) -> tuple[str, str]:
    name, equals, value = option.partition("=")
    if not equals:
        raise ReportError(f"{name_of_option} takes NAME=VALUE; found {option!r}.")
    return name.strip(), value
