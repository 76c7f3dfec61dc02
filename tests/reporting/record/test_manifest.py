import json
import math
import os
import threading

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relmark_research.errors import ReportError
from relmark_research.reporting.record import manifest
from relmark_research.reporting.record.manifest import (
    KeyFigure,
    Manifest,
    NotebookRun,
    key_figure,
    read_manifest,
)
from tests.reporting.record.manifest_schema import schema

FIGURE = KeyFigure("total_clv", 1.2e6, 1.1e6, 1.3e6, "USD", "Value", "of all", "$1.2 million")
RUNS = (
    NotebookRun("one", "done", "One", {"margin": 0.3}, 2.5, "one.html", "Much.", (FIGURE,)),
    NotebookRun("two", "failed", error="ValueError: no"),
)
MANIFEST = Manifest(
    recipe="monthly",
    title="Τι αξίζουν;",
    run_id="20261121-183005",
    started="2026-11-21T18:30:05+00:00",
    data={"source": "dataset:cdnow"},
    notebooks=RUNS,
)


def signed(record: dict) -> str:
    """Return a record as text, with the checksum of its content."""
    return json.dumps(record | {"checksum": manifest._checksum(record)})


def test_json_round_trip():
    assert Manifest.from_json(MANIFEST.to_json()) == MANIFEST


def test_a_manifest_may_be_laid_out_anew_but_not_changed():
    record = json.loads(MANIFEST.to_json())
    assert Manifest.from_json(json.dumps(record, sort_keys=True)) == MANIFEST
    record["notebooks"][0]["key_figures"][0]["value"] = 5_000_000
    with pytest.raises(ReportError, match="it was changed after it was written"):
        Manifest.from_json(json.dumps(record))
    del record["checksum"]
    with pytest.raises(ReportError, match="it was changed after it was written"):
        Manifest.from_json(json.dumps(record))


def test_a_manifest_of_schema_1_is_read_and_has_no_checksum():
    record = json.loads(MANIFEST.to_json()) | {"schema": 1}
    for name in ("checksum", "files", "packages"):
        del record[name]
    found = Manifest.from_json(json.dumps(record))
    assert (found.checksum, found.schema, found.notebooks) == ("", 1, RUNS)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"schema": 3}, "a later version of this package wrote the manifest .schema 3"),
        ({"schema": 0}, "schema must be bigger than or equal to 1"),
        ({"run_id": 3}, "run_id must be string"),
        ({"alerts": "none"}, "alerts must be array"),
        ({"notebooks": [{"notebook": "x", "state": "well"}]}, "state must be one of"),
        ({"fingerprint": [1]}, "fingerprint must be object"),
        ({"files": {"index.html": 1}}, "must be string"),
    ],
)
def test_a_manifest_that_does_not_match_its_schema_is_refused(change, found):
    with pytest.raises(ReportError, match=found):
        Manifest.from_json(signed(json.loads(MANIFEST.to_json()) | change))


def test_the_shipped_schema_is_that_of_the_code():
    assert json.loads(manifest.SCHEMA_FILE.read_text()) == schema()


@pytest.mark.parametrize("value", [1.5, math.nan])
def test_a_manifest_matches_its_json_schema(value):
    figure = KeyFigure("f", value)
    runs = (NotebookRun("n", "done", key_figures=(figure,), obstacles=("it reads the network",)),)
    record = json.loads(Manifest("r", "t", "i", "s", notebooks=runs).to_json())
    jsonschema.validate(record, schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**record, "notebooks": [{"notebook": "x", "state": "well"}]}, schema())


def test_a_file_too_large_for_a_manifest_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(manifest, "_MAX_BYTES", 10)
    MANIFEST.write(tmp_path)
    with pytest.raises(ReportError, match="expected a manifest of at most 10 bytes"):
        read_manifest(tmp_path)


values = st.floats() | st.integers(-(2**53), 2**53)


@given(values, st.none() | values, st.text(), st.dictionaries(st.text(), st.text() | values))
def test_any_figure_and_parameter_is_valid_json(value, low, text, parameters):
    run = NotebookRun("n", key_figures=(KeyFigure("f", value, low, label=text),))
    made = Manifest("r", text, "i", "s", data=parameters, notebooks=(run,))
    found = json.loads(made.to_json(), parse_constant=pytest.fail)
    assert found["title"] == text
    again = Manifest.from_json(made.to_json()).notebooks[0].key_figures[0]
    assert again.value == value if math.isfinite(value) else math.isnan(again.value)


def test_a_value_that_does_not_exist_is_null():
    run = NotebookRun("n", key_figures=(key_figure({"name": "f", "value": None}),))
    made = Manifest("r", "t", "i", "s", notebooks=(run,))
    assert json.loads(made.to_json())["notebooks"][0]["key_figures"][0]["value"] is None


def test_keys_of_a_later_version_are_ignored():
    assert key_figure({"name": "f", "value": 1, "kind": "key_figure", "later": 3}).value == 1.0
    record = json.loads(MANIFEST.to_json()) | {"later": 1}
    assert Manifest.from_json(signed(record)) == MANIFEST


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "3", "[" * 100_000, '{"notebooks": 3}', '{"notebooks": []}']
)
def test_other_texts_are_refused(text):
    with pytest.raises(ReportError, match="expected the manifest of a run"):
        Manifest.from_json(text)


def test_a_folder_without_manifest_is_refused(tmp_path):
    with pytest.raises(ReportError, match=r"no manifest\.json in"):
        read_manifest(tmp_path)


def test_a_run_succeeds_if_all_notebooks_are_done():
    assert not MANIFEST.succeeded
    assert MANIFEST.with_run(NotebookRun("two", "done")).succeeded
    assert not Manifest("r", "t", "i", "s").succeeded


def test_a_reader_never_sees_a_partial_manifest(tmp_path):
    long = Manifest("r", "x" * 200_000, "i", "s")
    long.write(tmp_path)
    stop = threading.Event()

    def write():
        while not stop.is_set():
            long.write(tmp_path)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(50):
            assert read_manifest(tmp_path) == long
    finally:
        stop.set()
        writer.join()
    assert os.listdir(tmp_path) == ["manifest.json"]  # noqa: PTH208


def test_half_a_character_in_a_text_does_not_stop_a_run(tmp_path):
    title = "caf\udce9 in a recipe"
    manifest.Manifest("r", title, "1", "2026-11-21", data={"source": title}).write(tmp_path)
    read = manifest.read_manifest(tmp_path)
    assert read.title == read.data["source"] == "caf? in a recipe"
