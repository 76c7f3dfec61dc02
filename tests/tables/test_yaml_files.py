"""YAML files are read within limits, and a key stands once."""

import time

import pytest

import relmark_research as rm
from relmark_research.economics.levels_of_relationship.relationship_level import levels_file
from relmark_research.errors import DataError, LadderError, ParameterError, ReportError
from relmark_research.reporting.recipe.recipe_file import read_recipe
from relmark_research.tables.yaml_files import read_yaml

LAUGHS = "a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "file.yml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_content_is_read_and_aliases_work(written):
    assert read_yaml(written("a: &x [1, 2]\nb: *x\n")) == {"a": [1, 2], "b": [1, 2]}
    assert read_yaml(written("")) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LAUGHS, r"at most 100,000 values, aliases .* expanded; found more \(line 6\)"),
        ("[" * 60 + "]" * 60, "at most 50 levels"),
        ("a: " + "x" * 1_000_001, "at most 1,000,000 bytes"),
        ("a: 1\na: 2\n", r"'a' stands twice \(line 2\)"),
        ("a: [1", "is not YAML at line"),
        ("a: !!python/object/apply:os.system [id]", "is not YAML at line 1"),
    ],
)
def test_what_is_beyond_a_limit_is_refused_in_words(written, text, said):
    path, started = written(text), time.perf_counter()
    with pytest.raises(DataError, match=said):
        read_yaml(path)
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("door", "error"),
    [
        (read_recipe, ReportError),
        (rm.LoyaltyLadder.from_yaml, LadderError),
        (levels_file, DataError),
        (lambda path: rm.rfm_segments(rm.rfm_scores(rm.load_cdnow()), rules=path), ParameterError),
    ],
    ids=["recipe", "ladder", "levels", "segments"],
)
def test_every_door_has_the_limits(written, door, error):
    with pytest.raises(error, match="aliases"):
        door(written(LAUGHS))
