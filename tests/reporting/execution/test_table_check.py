"""`relmark check` of tables and of recipes."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import relmark_research as rm
from relmark_research import cli
from relmark_research.reporting.execution.runner import run_recipe
from relmark_research.reporting.record.manifest import read_manifest
from tests.reporting.books import write_notebook, write_recipe

READS = """\
import relmark_research as rm
from relmark_research.reporting.display.story import answer
names = {"customer": customer, "date": date, "value": value}
log = rm.read_transactions(source, **names, options=rm.ReadOptions(**reading))
answer(f"{log.counts.usable} rows from {log.observed_from}")"""
PARAMETERS = 'source = ""\ncustomer = ""\ndate = ""\nvalue = ""\nreading = {}'
SALES = "customer_id,date,value\na,2024-01-01,1\na,2024-02-01,1\nb,2024-01-05,2\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_notebook(tmp_path / "notebooks", "reads", READS, parameters=PARAMETERS)
    cell = "from relmark_research.reporting.display.story import answer\nanswer(f'{contacts}')"
    asks = 'contacts = "sample:contacts"  # what serving cost\nsource = ""'
    write_notebook(tmp_path / "notebooks", "asks", cell, parameters=asks)
    (tmp_path / "sales.csv").write_text(SALES)
    return tmp_path


def said(capsys, *arguments: str) -> tuple[int, str, str]:
    code = cli.exit_code(list(arguments))
    found = capsys.readouterr()
    return code, found.out, found.err


@pytest.mark.slow
def test_options_proposed_for_a_headerless_tab_separated_file_with_us_dates_run(project, capsys):
    lines = [f"K{k % 7}\t{1 + k % 9}/{13 + k % 15}/2012\t{10 + k / 4:.2f}" for k in range(60)]
    path = project / "sales.txt"
    path.write_text("\n".join(lines) + "\n")
    code, out, err = said(capsys, "check", str(path))
    assert (code, "relmark: " in err) == (cli.REFUSED, True)
    proposed = out[out.index("data:") :].split("\n\n")[0]
    recipe = write_recipe(project, f"title: Own\nnotebooks: [reads]\n{proposed}\n")
    manifest = read_manifest(run_recipe(recipe))
    assert manifest.succeeded
    assert manifest.notebooks[0].answer == "60 rows from 2012-01-13"


def relmark(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "relmark_research", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_proposed_options_pasted_into_a_recipe_run_the_shipped_reports(tmp_path):
    project = tmp_path / "project"
    assert relmark("init", "project", cwd=tmp_path).returncode == cli.DONE
    rows = rm.load_cdnow().to_pandas()
    with (project / "sales.txt").open("w") as file:
        for who, day, value in rows[["customer_id", "date", "value"]].itertuples(index=False):
            file.write(f"{who}\t{day.month}/{day.day}/{day.year}\t{value:.2f}\n")
    checked = relmark("check", "sales.txt", cwd=project)
    assert checked.returncode == cli.REFUSED
    pasted = checked.stdout[checked.stdout.index("data:") :].split("\n\n")[0]
    recipe = f"title: Own\nnotebooks: [01_customer_base, 03_lifetime_value]\n{pasted}\n"
    write_recipe(project, recipe, "pasted")
    run = relmark("run", "reports/recipes/pasted.yml", cwd=project)
    assert (run.returncode, run.stderr.count("done")) == (cli.DONE, 2), run.stderr
    manifest = read_manifest(Path(run.stdout.strip().splitlines()[-1]).parent)
    assert (manifest.fingerprint["rows_used"], manifest.fingerprint["last_day"]) == (
        len(rows),
        f"{rows['date'].max():%Y-%m-%d}",
    )
    base = rm.customers.customer_base(rm.load_cdnow())
    assert f"{base.customers:,} customers spent" in manifest.notebooks[0].answer


def test_check_of_a_table_prints_its_audit_and_what_is_missing(project, capsys):
    (project / "c.csv").write_text("customer_id,date,cost\na,2024-01-01,1.5\nb,2024-01-02,\n")
    code, _, err = said(capsys, "check", "c.csv", "--table", "contacts")
    assert code == cli.REFUSED
    assert "cost must have a value; 1 of 2 rows" in err
    assert "--option unusable" in err
    leave = ["--option", "unusable=leave out"]
    code, out, _ = said(capsys, "check", "c.csv", "--table", "contacts", *leave)
    assert code == cli.DONE
    assert "left out" in out
    assert "contacts has no relationship_level: no results by relationship level" in out
    (project / "c.csv").write_text("customer_id,date,cost,relationship_levl\na,2024-01-01,1.5,x\n")
    _, out, _ = said(capsys, "check", "c.csv", "--table", "contacts")
    assert "no results by relationship level. Is it the column 'relationship_levl'?" in out


def test_check_of_a_table_proposes_what_its_data_settle(project, capsys):
    (project / "c.csv").write_text("Customer ID;Date;Cost\na;31.01.2024;1,5\nb;01.02.2024;2,5\n")
    _, out, _ = said(capsys, "check", "c.csv", "--table", "contacts")
    proposed = yaml.safe_load(out[out.index("tables:") :].split("\n\n")[0])["tables"]["contacts"]
    assert proposed["columns"]["customer_id"] == "Customer ID"
    assert proposed["options"]["date_format"] == "%d.%m.%Y"
    names = [f"--column={ours}={theirs}" for ours, theirs in proposed["columns"].items()]
    reading = [f"--option={name}={value}" for name, value in proposed["options"].items()]
    assert said(capsys, "check", "c.csv", "--table", "contacts", *names, *reading)[0] == cli.DONE


def test_check_of_a_recipe_says_what_is_read_and_what_can_run(project, capsys):
    recipe = write_recipe(
        project, "title: Own\ndata: {source: ../../sales.csv}\nnotebooks: [reads, asks]\n"
    )
    code, out, _ = said(capsys, "check", str(recipe))
    assert code == cli.DONE
    assert "all 3 rows used; 2024-01-01 to 2024-02-01" in out
    assert "no: it needs a table of contacts, and the recipe names none" in out


TABLE = """\
title: Own
data: {source: ../../sales.csv}
notebooks: [asks]
tables:
  contacts:
    source: ../../c.csv
    columns: {customer_id: Customer ID}
    options: {date_format: "%d.%m.%Y", unusable: leave out}
"""


def test_a_table_of_a_recipe_has_columns_and_options(project, capsys):
    (project / "c.csv").write_text("Customer ID;date;cost\na;31.01.2024;3,5\nb;01.02.2024;-1,5\n")
    recipe = write_recipe(project, TABLE)
    assert (
        "1 of 2 rows used; left out 50.0% of the rows, 30.0% of"
        in said(capsys, "check", str(recipe))[1]
    )
    folder = run_recipe(recipe)
    manifest = read_manifest(folder)
    assert manifest.succeeded
    assert manifest.fingerprint["tables"]["contacts"]["rows_used"] == 1
    assert "'Customer ID'" in manifest.notebooks[0].answer
    page = (folder / manifest.notebooks[0].report).read_text()
    assert "1 of 2 rows used; left out 50.0% of the rows, 30.0% of the money" in page
    assert "contacts: 1 of 2 rows used" in (folder.parent / "index.html").read_text()


def test_a_table_of_a_recipe_is_refused_before_anything_runs(project, capsys):
    (project / "c.csv").write_text("Customer ID;date;cost\na;31.01.2024;3,5\nb;01.02.2024;-1,5\n")
    recipe = write_recipe(project, TABLE.replace(", unusable: leave out", ""))
    code, _, err = said(capsys, "run", str(recipe))
    assert code == cli.REFUSED
    assert "tables.contacts: cost must be 0 or more; 1 of 2 rows" in err
    assert 'unusable: "leave out"' in err or "unusable: leave out" in err
    wrong = write_recipe(project, TABLE.replace("date_format", "dateformat"))
    assert "tables.contacts.options: no option 'dateformat'" in said(capsys, "check", str(wrong))[2]


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_table_outside_the_log_is_refused_before_anything_runs(project, capsys, command):
    rows = "".join(f"{who},2042-01-0{day},1.5\n" for who in "ab" for day in (1, 2))
    (project / "c.csv").write_text(f"customer_id,date,cost\n{rows}")
    text = "title: Own\ndata: {source: ../../sales.csv}\nnotebooks: [asks]\n"
    text += "tables: {contacts: {source: ../../c.csv, max_outside_log: 0.9}}\n"
    code, out, err = said(capsys, command, str(write_recipe(project, text)))
    assert (code, "running" in err, "Proposed" in out) == (cli.REFUSED, False, False)
    assert "tables.contacts: expected date within the log's days (2024-01-01 to 2024-02-01)" in err
    assert "found 4 of 4 rows outside, first: 2042-01-01" in err
    assert not list(project.rglob("index.html"))
    allowed = write_recipe(project, text.replace("0.9", "1"))
    code, out, _ = said(capsys, "check", str(allowed))
    assert (code, "of the log: 100.0% of date outside its days" in out) == (cli.DONE, True)
    wrong = write_recipe(project, text.replace("0.9", "7"))
    assert "tables.contacts.max_outside_log must be at most 1" in said(capsys, "run", str(wrong))[2]


def test_a_log_without_a_purchase_is_refused_before_anything_runs(project, capsys):
    (project / "sales.csv").write_text("customer_id,date,value\na,2024-01-01,-1\nb,2024-02-01,-2\n")
    text = "title: Own\ndata: {source: ../../sales.csv}\nnotebooks: [reads]\n"
    code, _, err = said(capsys, "run", str(write_recipe(project, text)))
    assert (code, "running" in err) == (cli.REFUSED, False)
    assert "expected purchases; all 2 rows used have a negative value" in err


def test_check_of_a_recipe_takes_the_settings_of_a_run(project, capsys):
    recipe = str(write_recipe(project, "title: Own\ndata: {value: value}\nnotebooks: [reads]\n"))
    assert "no source" in said(capsys, "check", recipe)[2]
    code, out, _ = said(capsys, "check", recipe, "--set", "data.source=sales.csv")
    assert (code, "all 3 rows used" in out) == (cli.DONE, True)


def test_check_of_a_log_fits_one_screen_and_says_who_bought_again(project, capsys):
    (project / "sales.csv").write_text(SALES + "a,2024-03-01,-0.5\n")
    code, out, _ = said(capsys, "check", "sales.csv")
    lines = out.splitlines()
    assert code == cli.DONE
    assert lines[0].endswith("2024-01-01 to 2024-03-01; 2 customers, 1 bought on two days or more")
    assert "  negative value, first: row 4 (" in out
    assert len(lines) < 24
    assert not any(line != line.rstrip() for line in lines)
