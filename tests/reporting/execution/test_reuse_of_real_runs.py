"""Reuse with real kernels: what a notebook reads without a declaration makes it run again."""

import os
import re

import pytest

from relmark_research import cli
from relmark_research.reporting.execution.runner import run_recipe
from relmark_research.reporting.record.manifest import read_manifest
from tests.reporting.books import write_notebook, write_recipe

QUIET = """\
import pandas as pd
import pack
from pathlib import Path
total = len(pd.read_csv("../hidden.csv")) + pack.rate
region = os.environ.get("RELMARK_TEST_REGION")
record("total", total, unit="customers")
Path("../export.csv").write_text(str(total))"""
HEAD = "import os\nfrom relmark_research.reporting.display.story import record"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reuse")
    books = folder / "notebooks"
    write_notebook(books, "quiet", HEAD, QUIET, parameters="as_of = None")
    write_notebook(books, "dated", "from datetime import date\ndate.today()", parameters="x = 1")
    write_notebook(
        books, "calls", "import subprocess\nsubprocess.run(['true'])", parameters="x = 1"
    )
    (books / "pack").mkdir()
    (books / "pack" / "__init__.py").write_text("from .deep import rate\n")
    (books / "pack" / "deep.py").write_text("rate = 1\n")
    (folder / "hidden.csv").write_text("a\n1\n")
    write_recipe(folder, "title: T\nnotebooks: [quiet, dated, calls]")
    return folder


@pytest.fixture(scope="module")
def recipe(project):
    return project / "reports" / "recipes" / "monthly.yml"


@pytest.fixture(scope="module")
def first(recipe):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RELMARK_TEST_REGION", "north-canary")
        yield run_recipe(recipe)


@pytest.fixture(scope="module")
def second(recipe, first):
    return run_recipe(recipe)


def test_what_a_kernel_reads_is_recorded(project, first):
    quiet, dated, calls = read_manifest(first).notebooks
    assert list(quiet.observed["environment"]) == ["RELMARK_TEST_REGION"]
    names = {os.path.relpath(name, project) for name in quiet.observed["files"]}
    assert names == {
        "hidden.csv", "export.csv", "notebooks/pack/__init__.py", "notebooks/pack/deep.py",
    }  # fmt: skip
    assert set(dated.observed) == {"clock"}
    assert calls.obstacles == ("it starts another program",)
    assert "north-canary" not in (first / "manifest.json").read_text()


def test_without_a_change_all_but_the_program_are_reused(first, second):
    found = {run.notebook: run.reused_from for run in read_manifest(second).notebooks}
    assert found == {"quiet": first.name, "dated": first.name, "calls": None}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("hidden.csv", "a\n1\n2\n", "hidden.csv"),
        pytest.param("notebooks/pack/deep.py", "rate = 2\n", "helpers", marks=pytest.mark.slow),
    ],
)
def test_a_change_of_what_it_read_makes_it_run_again(project, recipe, second, name, content, words):
    (project / name).write_text(content)
    quiet = read_manifest(run_recipe(recipe)).run_of("quiet")
    assert quiet.reused_from is None
    assert words in quiet.reason
    assert quiet.key_figures[0].value > 2


def test_explain_says_why(first, second, capsys):
    assert cli.exit_code(["explain", str(first), "quiet"]) == cli.DONE
    assert "quiet ran in run" in capsys.readouterr().out
    assert cli.exit_code(["explain", str(second), "quiet"]) == cli.DONE
    said = capsys.readouterr().out
    assert re.match(r"quiet was taken from run \S+ in run \S+: nothing that it depends on", said)
    assert "  environment variable RELMARK_TEST_REGION\n" in said
    assert "Not covered:" in said
    assert cli.exit_code(["explain", str(second), "calls"]) == cli.DONE
    assert "its result cannot be reused: it starts another program" in capsys.readouterr().out
    assert cli.exit_code(["explain", str(second), "none"]) == cli.REFUSED


def test_the_page_says_why(second):
    page = (second / "quiet.html").read_text()
    assert "Why it was reused" in page
    assert "nothing that it depends on changed since run" in page


def test_the_doctor_finds_and_repairs(project, first, second, capsys):
    home = second.parent
    words = ["doctor", str(home.parent)]
    assert cli.exit_code([*words, "--check"]) == cli.DONE
    assert f"{home.name}: " in capsys.readouterr().out
    (first / "manifest.json").write_text("{")
    assert cli.exit_code([*words, "--check"]) == cli.FAILED
    assert (first / "manifest.json").is_file()
    assert cli.exit_code(words) == cli.DONE
    said = capsys.readouterr().out
    assert f"monthly/{first.name}: its manifest cannot be used" in said
    assert f"moved to damaged/{first.name}" in said
    assert cli.exit_code([*words, "--check"]) == cli.DONE
    assert cli.exit_code(["doctor", str(project / "notebooks")]) == cli.REFUSED


def test_an_edited_run_is_not_verified(second, capsys):
    (second / "notebooks" / "quiet.ipynb").write_text("{}")
    assert cli.exit_code(["verify", str(second)]) == cli.REFUSED
    assert "notebooks/quiet.ipynb" in capsys.readouterr().err
