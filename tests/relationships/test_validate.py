import numpy as np
import pandas as pd
import pytest

from relmark_research.errors import DataError
from relmark_research.relationships._validate import check_columns, check_scale


def answers(values: list) -> pd.Series:
    return pd.Series(values, index=range(10, 10 + len(values)), name="quality")


def test_both_ends_of_the_scale_are_answers_and_missing_ones_stay_missing():
    found = check_scale(answers([1, 5, None, 3]), (1, 5))
    assert found.dtype == float
    np.testing.assert_array_equal(found, [1, 5, np.nan, 3])
    assert found.index.tolist() == [10, 11, 12, 13]


def test_numbers_may_be_written_as_text():
    assert check_scale(answers(["0", "10"]), (0, 10)).tolist() == [0, 10]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([1, 0, 6], "found 0, 6 in 2 of 3 answers, first row 11"),
        ([1, 2.5, 3], "found 2.5 in 1 of 3 answers, first row 11"),
        (["1", "often", None], "found often in 1 of 3 answers, first row 11"),
        ([9, 9, 8, 7, 6], "found 9, 8, 7 in 5 of 5 answers, first row 10"),
        ([1, np.inf], "found inf in 1 of 2 answers"),
    ],
)
def test_other_answers_are_counted_and_shown(values, shown):
    with pytest.raises(DataError, match=f"quality: expected whole numbers from 1 to 5; {shown}"):
        check_scale(answers(values), (1, 5))


def test_a_table_must_have_its_columns():
    table = pd.DataFrame({"date": [1], "score": [2]})
    assert check_columns(table, "the survey", ["score", "date"]) is None
    with pytest.raises(DataError, match=r"the survey: no column 'dates'.*Did you mean 'date'"):
        check_columns(table, "the survey", ["score", "dates"])
