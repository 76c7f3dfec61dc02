import json
import math
import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relmark_research.errors import ReportError
from relmark_research.reporting.record.manifest import (
    KeyFigure,
    Manifest,
    NotebookRun,
    key_figure,
    read_manifest,
)

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


def test_json_round_trip():
    assert Manifest.from_json(MANIFEST.to_json()) == MANIFEST


values = st.floats() | st.integers(-(2**53), 2**53)


@given(values, st.none() | values, st.text(), st.dictionaries(st.text(), st.text() | values))
def test_any_figure_and_parameter_is_valid_json(value, low, text, parameters):
    run = NotebookRun("n", key_figures=(KeyFigure("f", value, low, label=text),))
    manifest = Manifest("r", text, "i", "s", data=parameters, notebooks=(run,))
    found = json.loads(manifest.to_json(), parse_constant=pytest.fail)
    assert found["title"] == text
    again = Manifest.from_json(manifest.to_json()).notebooks[0].key_figures[0]
    assert again.value == value if math.isfinite(value) else math.isnan(again.value)


def test_a_value_that_does_not_exist_is_null():
    run = NotebookRun("n", key_figures=(key_figure({"name": "f", "value": None}),))
    manifest = Manifest("r", "t", "i", "s", notebooks=(run,))
    assert json.loads(manifest.to_json())["notebooks"][0]["key_figures"][0]["value"] is None


def test_keys_of_a_later_version_are_ignored():
    assert key_figure({"name": "f", "value": 1, "kind": "key_figure", "later": 3}).value == 1.0
    record = json.loads(MANIFEST.to_json()) | {"later": 1}
    assert Manifest.from_json(json.dumps(record)) == MANIFEST


@pytest.mark.parametrize("text", ["", "{}", "[]", "3", '{"notebooks": 3}', '{"notebooks": []}'])
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
