from pathlib import Path

import pandas as pd
import pytest

from relmark_research import cli
from relmark_research.errors import ReportError
from relmark_research.reporting.execution.cli_views import print_audit, print_notebooks
from tests.reporting.books import write_notebook, write_recipe

PARAMETERS = 'segment: str | None = "all"  # whom to look at\nprices = "p.csv"  # a list [file]'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_notebook(tmp_path / "notebooks", "one", parameters=PARAMETERS)
    write_notebook(tmp_path / "notebooks", "two", parameters="")
    write_recipe(tmp_path, "title: T\nnotebooks: [one]")
    return tmp_path


def test_a_notebook_lists_its_parameters(project, capsys):
    print_notebooks(project / "notebooks" / "one.ipynb")
    assert capsys.readouterr().out.splitlines() == [
        "one  What is the margin?",
        "  segment  str or none  'all'    whom to look at",
        "  prices   str          'p.csv'  a list [file]",
        "",
    ]


def test_a_folder_lists_all_notebooks_and_a_recipe_its_own(project, capsys):
    print_notebooks(project)
    assert "two  What is the margin?\n  no parameters" in capsys.readouterr().out
    print_notebooks(project / "reports" / "recipes" / "monthly.yml")
    assert "two" not in capsys.readouterr().out


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ReportError, match="no notebook, recipe or folder at"):
        print_notebooks(tmp_path / "none")


def test_the_version_is_printed(capsys):
    assert cli.exit_code(["--version"]) == cli.DONE
    assert capsys.readouterr().out.startswith("relmark-research ")


def test_a_partial_run_says_that_latest_has_not_changed(project, capsys):
    write_recipe(project, "title: T\nnotebooks: [one, two]", name="both")
    recipe = str(project / "reports" / "recipes" / "both.yml")
    assert cli.exit_code(["run", recipe, "--only", "two"]) == cli.DONE
    assert "only part of the recipe was run, so latest has not changed" in capsys.readouterr().err
    assert not (project / "reports" / "runs" / "both" / "latest").exists()


def test_an_audit_is_printed_in_columns_with_its_first_rows_below(capsys):
    audit = pd.DataFrame({
        "check": ["rows read", "date missing", "rows used"], "rows": [1200, 0, 1190],
        "share": [1.0, 0.0, 0.9917], "action": ["", "left out", ""],
        "examples": ["", "row 3 (date blank)", ""],
    })  # fmt: skip
    print_audit(audit)
    assert capsys.readouterr().out.splitlines() == [
        "  check          rows   share  what is done",
        "  rows read     1,200  100.0%",
        "  date missing      0    0.0%  left out",
        "  rows used     1,190   99.2%",
        "",
        "  date missing, first: row 3 (date blank)",
    ]
