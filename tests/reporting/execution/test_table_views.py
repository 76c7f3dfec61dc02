"""`relmark tables` and `relmark template`, and the page of the documentation."""

import pytest

import relmark_research as rm
from relmark_research import cli
from relmark_research.reporting.execution.table_views import page_of_tables, template
from relmark_research.tables.schemas import SCHEMAS


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_template_is_a_table_without_rows(name, tmp_path):
    path = tmp_path / "template.csv"
    path.write_text(template(SCHEMAS[name]))
    table = rm.read_table(path, schema=name)
    assert (table.rows_read, list(table.frame)) == (0, SCHEMAS[name].names)


def said(capsys, *arguments: str) -> tuple[int, str, str]:
    code = cli.exit_code(list(arguments))
    found = capsys.readouterr()
    return code, found.out, found.err


def test_tables_and_templates_are_printed(capsys):
    code, out, _ = said(capsys, "tables")
    assert (code, "ladder_history" in out) == (cli.DONE, True)
    assert "no report yet" in out
    assert "No report reads it yet" in said(capsys, "tables", "contracts")[1]
    assert "number, money, 0 or more" in said(capsys, "tables", "contacts")[1]
    code, out, err = said(capsys, "template", "events")
    assert (code, out) == (cli.DONE, "customer_id,date,kind\n")
    assert "kind of event" in err
    assert said(capsys, "template", "event")[0] == cli.REFUSED


def test_the_page_has_a_section_per_table_and_a_row_per_column():
    page = page_of_tables()
    assert page.count("## ") == len(SCHEMAS)
    rows = sum(line.startswith("| `") for line in page.splitlines())
    assert rows == sum(len(schema.columns) for schema in SCHEMAS.values())
