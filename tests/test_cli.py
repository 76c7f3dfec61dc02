import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from relmark_research import cli
from relmark_research.reporting.execution import cli_views
from relmark_research.reporting.record.manifest import read_manifest
from tests.reporting.books import SPEAKS, write_notebook, write_recipe

ROWS = "id;day;paid\n007;31.01.2024;3,50\n007;02.02.2024;4,00\nb;05.02.2024;1,25\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    common = "source = 'dataset:cdnow'\ncustomer = 'customer_id'\ndate = 'date'\nvalue = 'value'\n"
    reads = common + "currency = 'USD'\nas_of = None\nmargin = 0.3\nsegment = 'all'\nreading = {}"
    write_notebook(folder / "notebooks", "reads", SPEAKS, parameters=reads)
    write_notebook(folder / "notebooks", "fails", "1 / 0")
    write_recipe(
        folder,
        "title: Ours\nnotebooks: [reads]\n"
        "data: {customer: id, date: day, value: paid, currency: EUR,\n"
        "  options: {separator: ';', decimal: ',', date_format: '%d.%m.%Y'}}",
        name="own",
    )
    write_recipe(folder, "title: T\nnotebooks: [fails]", name="failing")
    (folder / "sales.csv").write_text(ROWS)
    return folder


@pytest.fixture
def here(project, monkeypatch) -> Path:
    monkeypatch.chdir(project)
    return project


def refused(capsys, *arguments: str) -> str:
    """Run a command that must be refused; return what it said."""
    assert cli.exit_code(list(arguments)) == cli.REFUSED
    said = capsys.readouterr()
    assert said.out == "" or said.out.startswith("Proposed lines of a recipe")
    assert "Traceback" not in said.err
    return said.err


def test_run_prints_the_index_of_its_own_run_last(here, capsys):
    words = ["run", "reports/recipes/own.yml", "--set", "data.source=sales.csv", "--keep", "3"]
    assert cli.exit_code(words) == cli.DONE
    last = Path(capsys.readouterr().out.splitlines()[-1])
    assert last.is_absolute()
    assert last.name == "index.html"
    assert last.is_file()
    assert last.parent.parent == here / "reports" / "runs" / "own"
    manifest = read_manifest(last.parent)
    assert last.parent.name == manifest.run_id
    assert manifest.command == ("relmark run reports/recipes/own.yml --set data.source=sales.csv")
    found = manifest.fingerprint
    assert (found["rows_read"], found["rows_used"], found["files"]) == (3, 3, 1)
    assert (found["first_day"], found["last_day"]) == ("2024-01-31", "2024-02-05")
    assert len(found["sha256"]) == 64
    given = manifest.notebooks[0].parameters
    assert given["source"] == str(here / "sales.csv")
    assert given["reading"]["decimal"] == ","


def test_a_failed_notebook_ends_with_1_and_its_reason(here, capsys):
    assert cli.exit_code(["run", "reports/recipes/failing.yml"]) == cli.FAILED
    said = capsys.readouterr()
    assert said.out.splitlines()[-1].endswith("index.html")
    assert "fails failed: ZeroDivisionError: division by zero (cell 3 of 3)" in said.err


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            ["data.source=sales.csv", "data.customer=ident"],
            "no column 'ident'; .*Did you mean 'id'",
        ),
        (["data.source=sale.csv"], "nothing found at .*Did you mean 'sales.csv'"),
        (["data.source=sales.csv", "data.options.decimals=,"], "Did you mean 'decimal'"),
        (["data.source=sales.csv", "reads.margn=1"], "no parameter 'margn'"),
        (["data.source=sales.csv", "reads.margin=much"], "parameter 'margin' must be a number"),
        (["data.source=sales.csv", "data.options.date_format=%Y"], "date_format"),
        ([], "the data section of the recipe has no source"),
    ],
)
def test_a_refused_run_leaves_nothing(here, capsys, tmp_path, settings, message):
    words = [word for setting in settings for word in ("--set", setting)]
    said = refused(capsys, "run", "reports/recipes/own.yml", "--out", str(tmp_path), *words)
    assert said.startswith("relmark: ")
    assert re.search(message, said), said
    assert list(tmp_path.iterdir()) == []


def test_as_of_before_the_data_is_refused(here, capsys):
    words = ("--set", "data.source=sales.csv", "--as-of", "2023-01-01")
    assert "2024-01-31" in refused(capsys, "run", "reports/recipes/own.yml", *words)


@pytest.mark.parametrize("words", [["--jobs", "0"], ["--keep", "-1"], ["--loud"], []])
def test_a_wrong_option_ends_with_2(here, capsys, words):
    start = ["run", "reports/recipes/own.yml"] if words else ["run"]
    assert cli.exit_code(start + words) == cli.REFUSED


def test_list_prints_parameters_with_type_default_and_help(here, capsys):
    assert cli.exit_code(["list"]) == cli.DONE
    said = capsys.readouterr().out
    assert "fails  What is the margin?" in said
    assert "reads  What is the margin?" in said
    line = next(line for line in said.splitlines() if line.strip().startswith("margin"))
    assert line.split(maxsplit=3) == [
        "margin",
        "float",
        "0.3",
        "profit per unit of revenue [share]",
    ]


def test_list_of_a_notebook_and_of_a_missing_path(here, capsys):
    assert cli.exit_code(["list", "notebooks/fails.ipynb"]) == cli.DONE
    assert "reads" not in capsys.readouterr().out
    assert "no notebook, recipe or folder" in refused(capsys, "list", "nowhere")


def test_check_prints_the_audit(here, capsys):
    columns = ["--customer", "id", "--date", "day", "--value", "paid"]
    reading = ["--option", "decimal=,", "--option", "date_format=%d.%m.%Y"]
    assert cli.exit_code(["check", "sales.csv", *columns, *reading]) == cli.DONE
    said = capsys.readouterr().out
    assert "2024-01-31 to 2024-02-05" in said
    assert "what is done" in said.splitlines()[2]


def test_check_has_clear_messages(here, capsys):
    assert re.search("no column '(customer_id|date)'", refused(capsys, "check", "sales.csv"))
    assert "NAME=VALUE" in refused(capsys, "check", "sales.csv", "--option", "decimal")
    assert "Did you mean 'decimal'" in refused(capsys, "check", "sales.csv", "--option", "decima=,")


def test_progress_is_one_line_for_each_change(capsys):
    from relmark_research.reporting.execution.run_execution import Progress

    watch = cli_views.ProgressLines()
    for cell in range(3):
        watch(Progress("one", "running", cell, 3))
    watch(Progress("one", "done", seconds=2.0))
    assert capsys.readouterr().err == "one: running\none: done (2.0 s)\n"


def test_progress_bars_follow_the_cells():
    from rich.progress import Progress as Bars

    from relmark_research.reporting.execution.run_execution import Progress

    bars = Bars(disable=True)
    show = cli_views.progress_bars(bars)
    show(Progress("one", "running", 3, 9))
    assert (bars.tasks[0].completed, bars.tasks[0].total) == (2, 9)
    show(Progress("one", "done"))
    assert bars.tasks[0].finished


def test_the_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "relmark_research", "--help"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
        check=False,
    )
    assert done.returncode == 0
    assert all(command in done.stdout for command in ("run", "list", "check"))


def test_lessons_that_were_worked_in_are_not_replaced_and_are_named(tmp_path, capsys):
    assert cli.exit_code(["lessons", str(tmp_path)]) == cli.DONE
    worked = sorted((tmp_path / "student").glob("*.ipynb"))[0]
    worked.write_text(worked.read_text().replace('"source": [', '"source": [\n    "mine",', 1))
    capsys.readouterr()
    assert cli.exit_code(["lessons", str(tmp_path)]) == cli.DONE
    assert '"mine",' in worked.read_text()
    assert f"{worked} has been edited and was not replaced" in capsys.readouterr().err


def test_init_makes_a_project_with_lessons_for_students(tmp_path, capsys):
    assert cli.exit_code(["init", str(tmp_path / "new")]) == cli.DONE
    made = [path for path in (tmp_path / "new").rglob("*") if path.is_file()]
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"{len(made)} files in {tmp_path / 'new'}. Next:"
    assert list((tmp_path / "new" / "lessons" / "student").glob("*.ipynb"))
    assert not (tmp_path / "new" / "lessons" / "teacher").exists()
    assert (tmp_path / "new" / "reports" / "recipes" / "cdnow.yml").is_file()


class TestPrivacy:
    @pytest.fixture(autouse=True)
    def _as_on_a_server(self, monkeypatch, tmp_path):
        monkeypatch.delenv("RELMARK_SHOW_VALUES")
        monkeypatch.delenv("RELMARK_ID_KEY")
        monkeypatch.chdir(tmp_path)
        rows = "customer_id,date,value\nann,2024-01-01,1\nbob@example.com,2024-13-01,2\n"
        (tmp_path / "sales.csv").write_text(rows)

    def test_a_check_names_the_row_and_the_day_and_no_customer(self, capsys):
        assert cli.exit_code(["check", "sales.csv"]) == cli.REFUSED
        said = "".join(capsys.readouterr())
        assert "row 2 (customer_id not shown, date '2024-13-01'" in said
        assert "bob" not in said

    def test_values_are_shown_on_request(self, capsys, monkeypatch):
        monkeypatch.setenv("RELMARK_SHOW_VALUES", "0")  # pytest resets it
        assert cli.exit_code(["check", "sales.csv", "--show-values"]) == cli.REFUSED
        assert "'bob@example.com'" in capsys.readouterr().err

    def test_a_key_is_made_once_and_replaced_on_request(self, capsys, tmp_path):
        assert cli.exit_code(["key"]) == cli.DONE
        path = tmp_path / ".relmark" / "id_key"
        first = path.read_text()
        assert cli.exit_code(["key"]) == cli.DONE
        assert "There is a key" in capsys.readouterr().out
        assert path.read_text() == first
        assert cli.exit_code(["key", "--rotate"]) == cli.DONE
        assert path.read_text() != first
        assert first.strip() not in capsys.readouterr().out
        path.chmod(0o644)
        assert cli.exit_code(["key"]) == cli.REFUSED

    def test_a_new_project_has_a_private_key(self, tmp_path, capsys):
        assert cli.exit_code(["init", "ours"]) == cli.DONE
        path = tmp_path / "ours" / ".relmark" / "id_key"
        assert path.stat().st_mode & 0o777 == 0o600
        assert ".relmark/" in (tmp_path / "ours" / ".gitignore").read_text()
        assert path.read_text().strip() not in "".join(capsys.readouterr())

    def test_an_unexpected_error_is_named_without_its_text(self, monkeypatch, capsys):
        def broken(*_, **__):
            raise ValueError("bob@example.com")

        monkeypatch.setattr(cli_views, "print_notebooks", broken)
        assert cli.exit_code(["list"]) == cli.FAILED
        said = capsys.readouterr().err
        assert "unexpected ValueError in test_cli.py" in said
        assert "bob" not in said


@pytest.mark.parametrize(("before", "stops"), [(signal.SIG_DFL, True), (signal.SIG_IGN, False)])
def test_a_closed_terminal_stops_a_run_unless_it_is_ignored(monkeypatch, before, stops):
    handlers = {}
    monkeypatch.setattr(signal, "getsignal", lambda number: before)
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    assert (handlers.get(signal.SIGHUP) is signal.default_int_handler) is stops
