"""Ids and e-mail addresses are taken out of texts, parameters, notebooks and manifests."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from relmark_research.errors import ReportError
from relmark_research.reporting.privacy.redaction import (
    CLEAR_IDS,
    ID_NOT_SHOWN,
    KnownIds,
    Redactor,
    check_names,
    check_repeatable,
)
from relmark_research.reporting.record.manifest import RECORD_MIME, Manifest, NotebookRun
from relmark_research.tables.pseudonyms import pseudonyms

IDS = ["C-1001", "17850", "2015", "7", "bob", "Ann Lee", "eve@example.com", "margaret", "x/9"]


@pytest.fixture(scope="module")
def redactor():
    return Redactor(KnownIds().with_ids(IDS))


@pytest.mark.parametrize(
    "text",
    [
        "customer C-1001 has no date",
        "KeyError: 'C-1001'",
        "(C-1001).",
        "customer 17850:",
        "'2015' is not in the index",
        "'7'",
        '"bob"',
        "no 'Ann Lee' here",
        "write to eve@example.com, please",
        "margaret, again",
        "id=x/9",
        "data/C-1001.csv is empty",
    ],
)
def test_ids_are_taken_out_of_prose(redactor, text):
    clean = redactor.text(text)
    assert not any(repr(each)[1:-1] in clean for each in IDS if len(each) > 1)
    assert "not shown" in clean
    assert "'7'" not in clean


@pytest.mark.parametrize(
    "text",
    [
        "17 of 2015 rows",
        "in 2015 they rose by 7",
        "line 7",
        "17850.5",
        "117850",
        "bobsled",
        "C-10012",
        "data/2015.csv",
    ],
)
def test_years_numbers_and_other_words_stay(redactor, text):
    assert redactor.text(text) == text


def test_a_number_is_an_id_in_an_error_or_after_a_word_for_customers(redactor):
    assert redactor.text("printed 17850 rows") == "printed 17850 rows"
    assert "17850" not in redactor.text("no 17850 in the index", error=True)
    for text in ("customer 17850:", "customer_id=17850", "Kunde: 17850", "of user '17850'", "ID 7"):
        assert "17850" not in redactor.text(text)
        assert not redactor.text(text).endswith(" 7")


def test_ticks_of_an_axis_stay(redactor):
    assert [redactor.label(each) for each in ("17850", "17,850", "−7", "7%")] == [
        "17850", "17,850", "−7", "7%",
    ]  # fmt: skip
    assert "C-1001" not in redactor.label("Best: C-1001")


def test_with_a_key_an_id_becomes_its_pseudonym():
    redactor = Redactor(KnownIds().with_ids(["C-1001"]), key="secret")
    assert redactor.text("see C-1001") == f"see {pseudonyms(['C-1001'], key='secret')[0]}"


def test_hashes_have_a_salt_of_their_own_and_grow():
    one, other = KnownIds().with_ids(["a"]), KnownIds().with_ids(["a"])
    assert one.hashes.tolist() != other.hashes.tolist()
    more = one.with_ids(["b"]).with_ids(["a"])
    assert (len(more.hashes), more.among(["a", "b", "c"])) == (2, {"a", "b"})
    assert KnownIds().among(["a"]) == set()
    assert "a" not in repr(one)


def test_parameters_keep_what_is_no_id(redactor):
    given = {
        "who": "C-1001",
        "list": ["17850", "week"],
        "filter": "customer == 'bob' or endswith(Email, '@example.com')",
        "mail": "eve@example.com",
        "margin": 0.3,
        "seed": 17850,
        "horizon": "52 weeks",
    }
    clean = redactor.value(given)
    assert clean["who"] == clean["list"][0] == ID_NOT_SHOWN
    assert clean["filter"] == f"customer == '{ID_NOT_SHOWN}' or endswith(Email, '@example.com')"
    assert "eve@" not in clean["mail"]
    rest = {"margin": 0.3, "seed": 17850, "horizon": "52 weeks"}
    assert {name: clean[name] for name in rest} == rest


def test_an_executed_notebook_has_none(redactor):
    html = '<p>x</p><svg><title id="t">Best: C-1001</title><path d="M 17850 17850"/></svg>'
    record = {"kind": "answer", "text": "It is C-1001."}
    outputs = [
        new_output("stream", name="stderr", text="warn C-1001"),
        new_output("stream", name="stdout", text="eve@example.com"),
        new_output("error", ename="KeyError", evalue="'C-1001'", traceback=["> 'C-1001'"]),
        new_output("display_data", data={"text/html": html, "text/plain": "C-1001"}),
        new_output("display_data", data={RECORD_MIME: record, "text/markdown": "**C-1001**"}),
        new_output("display_data", data={"image/png": "aGVsbG8="}),
        new_output(
            "display_data", data={"application/json": {"a": ["see C-1001", "eve@example.com"]}}
        ),
        new_output("display_data", data={"text/latex": "C-1001, eve@example.com"}),
    ]
    code = "who = 'C-1001'\nx @ y.T\nraise ValueError('no customer C-1001 here')"
    cells = [new_markdown_cell("# T"), new_code_cell(code, outputs=outputs)]
    notebook = new_notebook(cells=cells, metadata={"papermill": {"parameters": {"who": "C-1001"}}})
    text = nbformat.writes(redactor.notebook(notebook))
    assert "C-1001" not in text
    assert "eve@" not in text
    assert "M 17850 17850" in text
    assert "x @ y.T" in text
    assert "aGVsbG8=" in text


def test_a_table_with_ids_that_were_asked_for_stays(redactor):
    html = f'<details class="rm-table"{CLEAR_IDS}><td>eve@example.com</td></details>'
    cell = new_code_cell("1", outputs=[new_output("display_data", data={"text/html": html})])
    assert "eve@" in nbformat.writes(redactor.notebook(new_notebook(cells=[cell])))


def test_a_manifest_has_none(redactor):
    run = NotebookRun(
        "n", "failed", parameters={"who": "C-1001"}, error="KeyError: 'C-1001'",
        inputs={"data C-1001.csv": "1"}, observed={"files": {"/d/eve@example.com.csv": "2"}},
        obstacles=("it reads C-1001",), reason="changed: file eve@example.com.csv",
    )  # fmt: skip
    manifest = Manifest(
        "r", "T", "1", "now", data={"source": "x.csv", "customer": "id"}, notebooks=(run,),
        command="relmark run r.yml --set n.who=C-1001", notes=("about eve@example.com",),
    )  # fmt: skip
    text = redactor.manifest(manifest).to_json()
    assert "C-1001" not in text
    assert "eve@" not in text
    assert '"customer": "id"' in text


def test_a_run_that_lacks_a_value_is_not_repeated(redactor):
    check_repeatable(["week", "{'a': 1}"])
    with pytest.raises(ReportError, match="cannot be repeated"):
        check_repeatable([str(redactor.value({"who": "C-1001"}))])


@pytest.mark.parametrize("value", ["C-1001", "17850", "new@example.org"])
def test_a_file_is_not_named_after_a_customer(value):
    ids = KnownIds().with_ids(IDS)
    check_names([{}, {"segment": "all"}, {"year": 2015}], ids)
    with pytest.raises(ReportError, match=r"matrix\.who: .*found one") as raised:
        check_names([{"who": "all"}, {"who": value}], ids)
    assert value not in str(raised.value)
