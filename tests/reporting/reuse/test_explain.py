import pytest

from relmark_research.errors import ReportError
from relmark_research.reporting.record.manifest import Manifest, NotebookRun
from relmark_research.reporting.reuse.explain import NOT_COVERED, explain

RUN = NotebookRun(
    "value",
    "done",
    inputs={"notebook": "1", "environment YEAR": "2"},
    observed={
        "files": {"/none.txt": "changed"},
        "folders": {"/data": "1"},
        "sources": {"/lake/*.parquet": "1"},
        "environment": {"REGION": "1"},
        "clock": {"day": "1997-01-01"},
    },
    obstacles=("it starts another program",),
    reason="changed since run 7: parameters (margin)",
)


@pytest.fixture
def folder(tmp_path):
    skipped = NotebookRun("other", "skipped", error="Skipped: it needs a table of contacts.")
    Manifest("r", "T", "8", "s", notebooks=(RUN, skipped)).write(tmp_path)
    return tmp_path


def test_the_reason_and_what_is_covered_are_listed(folder):
    found = explain(folder, "value.ipynb")
    text = "\n".join(found.lines())
    assert text.startswith("value ran in run 8: changed since run 7: parameters (margin).\n")
    assert found.covered == ("notebook", "environment YEAR")
    assert found.observed == (
        "file /none.txt",
        "the list of files in /data",
        "source /lake/*.parquet",
        "environment variable REGION",
        "the clock, so the day counts",
    )
    assert found.changed[0] == "file /none.txt"
    for words in (*found.observed, *found.obstacles, *NOT_COVERED):
        assert f"  {words}\n" in f"{text}\n"


def test_a_reused_result_names_its_run(tmp_path):
    reused = NotebookRun("value", "done", reused_from="3", reason="nothing changed")
    Manifest("r", "T", "8", "s", notebooks=(reused,)).write(tmp_path)
    first, *rest = explain(tmp_path, "value").lines()
    assert first == "value was taken from run 3 in run 8: nothing changed."
    assert rest[0] == "Not covered:"


def test_other_notebooks_are_refused(folder):
    with pytest.raises(ReportError, match=r"run 8: no notebook 'valeu'; .*Did you mean 'value'"):
        explain(folder, "valeu")
    with pytest.raises(ReportError, match=r"other was skipped in run 8\. Skipped: it needs"):
        explain(folder, "other")
