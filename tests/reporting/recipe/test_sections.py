"""What a section of a notebook declares, and which sections a run can have."""

import json

import pytest

from relmark_research.errors import ReportError
from relmark_research.reporting.recipe.sections import (
    KnownTable,
    Section,
    parse_sections,
    plan_sections,
    read_sections,
)
from tests.reporting.books import write_notebook

PARAMETERS = "source = 'dataset:cdnow'\nprospects: str | None = None\nby: str | None = None"
FUNNEL = {"name": "funnel", "question": "Where are prospects lost?", "needs": {"prospects": []}}
KNOWN = frozenset({"source", "prospects", "contacts", "by"})


def declare(folder, sections):
    path = write_notebook(folder, "09_funnel", "1", parameters=PARAMETERS)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["metadata"]["relmark"] = {"sections": sections}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def reasons(needs, tables, *, at_least=None, parameters=None):
    alternatives = needs if isinstance(needs, tuple) else (needs,)
    section = Section("one", "Who?", alternatives, at_least or {})
    (planned,) = plan_sections((section,), tables, parameters)
    return planned.reason


def test_the_sections_of_a_notebook_are_those_of_its_metadata(tmp_path):
    (section,) = read_sections(declare(tmp_path, [FUNNEL | {"at_least": {"prospects": 50}}]))
    expected = Section("funnel", FUNNEL["question"], ({"prospects": ()},), {"prospects": 50})
    assert section == expected


def test_a_notebook_without_sections_has_none(tmp_path):
    assert read_sections(write_notebook(tmp_path, "one", "1")) == ()


def test_the_error_names_the_notebook_and_the_table_that_is_no_parameter(tmp_path):
    path = declare(tmp_path, [FUNNEL | {"needs": {"prospect": []}}])
    with pytest.raises(ReportError, match=r"09_funnel.*funnel\.needs.*'prospects'"):
        read_sections(path)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"name": "The funnel"}, "lower-case"),
        ({"question": "Funnel"}, "ends in"),
        ({"need": {}}, "need"),
        ({"needs": ["prospects"]}, "columns by table"),
        ({"needs": {"prospects": "won"}}, "list of columns"),
        ({"needs": {"prospects": ["{bye}"]}}, "'by'"),
        ({"at_least": {"contacts": 5}}, "needed table"),
        ({"at_least": {"prospects": 0}}, "1 or more"),
    ],
)
def test_a_declaration_in_another_form_is_refused(change, expected):
    with pytest.raises(ReportError, match=expected):
        parse_sections([FUNNEL | change], parameters=KNOWN)


def test_a_name_stands_once():
    with pytest.raises(ReportError, match=r"'funnel' twice"):
        parse_sections([FUNNEL, FUNNEL], parameters=KNOWN)


def test_a_table_that_is_only_used_adds_detail_and_is_not_needed():
    section = Section("one", "Who?", ({"contacts": ()},), uses=("prospects", "by"))
    tables = {"contacts": KnownTable(), "by": KnownTable()}
    (planned,) = plan_sections((section,), tables)
    assert (planned.runs, planned.detail) == (True, ("prospects",))
    declared = [FUNNEL | {"uses": ["contacts"]}]
    assert parse_sections(declared, parameters=KNOWN)[0].uses == ("contacts",)
    with pytest.raises(ReportError, match="list of parameters"):
        parse_sections([FUNNEL | {"uses": ["contact"]}], parameters=KNOWN)


def test_a_missing_table_is_named_as_what_would_give_an_answer():
    (planned,) = plan_sections(parse_sections([FUNNEL], parameters=KNOWN), {})
    assert (planned.runs, planned.missing) == (False, ("prospects",))
    assert planned.reason == "there is no table of prospects"


def test_a_missing_column_of_the_transactions_leaves_a_section_out():
    log = KnownTable(frozenset({"customer_id", "date", "value"}), 500)
    assert reasons({"transactions": ("cost",)}, {"transactions": log}) == (
        "the transactions have no column cost"
    )
    assert reasons({"transactions": ("value",)}, {"transactions": log}) == ""


def test_too_few_customers_leave_a_section_out():
    log = {"transactions": KnownTable(frozenset(), 12)}
    assert reasons({"transactions": ()}, log, at_least={"transactions": 100}) == (
        "the transactions have 12 of the 100 customers that it needs"
    )
    assert reasons({"transactions": ()}, log, at_least={"transactions": 12}) == ""


def test_what_was_not_read_is_not_missing():
    needs = {"contacts": ("cost",)}
    assert reasons(needs, {"contacts": KnownTable()}, at_least={"contacts": 9}) == ""


def test_one_of_several_alternatives_is_enough():
    needs = ({"contacts": ()}, {"transactions": ("cost",)})
    assert reasons(needs, {"contacts": KnownTable()}) == ""
    assert reasons(needs, {}) == "there is no table of contacts, and there are no transactions"


def test_a_parameter_names_a_column():
    needs = {"prospects": ("{by}",)}
    tables = {"prospects": KnownTable(frozenset({"channel"}))}
    assert reasons(needs, tables, parameters={"by": "channel"}) == ""
    assert "no column region" in reasons(needs, tables, parameters={"by": "region"})
    assert "parameter by" in reasons(needs, tables, parameters={"by": None})
