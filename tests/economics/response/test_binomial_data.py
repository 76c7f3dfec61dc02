import numpy as np
import pytest
from scipy import stats

from relmark_research.economics.response.binomial_data import BinomialData
from relmark_research.errors import DataError

ROWS = ([0.0, 1.0, 2.5], [0, 3, 10], [8, 9, 10])


def test_columns_become_arrays_of_floats():
    data = BinomialData(*ROWS)
    for part, given in zip((data.spend, data.successes, data.trials), ROWS, strict=True):
        assert part.dtype == float
        assert part.tolist() == given


def test_log_likelihood_is_the_binomials_without_its_constant():
    data = BinomialData(*ROWS)
    rates = np.array([[0.2, 0.3, 0.6], [0.1, 0.5, 0.9]])
    constant = stats.binom.logpmf(data.successes, data.trials, 0.5) + data.trials * np.log(2)
    expected = (stats.binom.logpmf(data.successes, data.trials, rates) - constant).sum(axis=1)
    assert data.log_likelihood(rates) == pytest.approx(expected)


def test_rates_of_0_and_1_are_possible_where_nothing_speaks_against_them():
    data = BinomialData([1, 2], [0, 4], [5, 4])
    assert data.log_likelihood(np.array([0.0, 1.0])) == 0
    assert data.log_likelihood(np.array([1.0, 1.0])) == -np.inf


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (([1, 2], [1, 2], [9]), r"columns of equal length; found shapes \(2,\), \(2,\), \(1,\)"),
        (([[1, 2]], [[1, 2]], [[9, 9]]), r"found shapes \(1, 2\), \(1, 2\), \(1, 2\)"),
        ((["a", 2], [1, 2], [9, 9]), "spend, successes and trials must be numbers; could not"),
        (([1, -2, -3], [1, 2, 2], [9, 9, 9]),
         r"spend must be finite and 0 or more; found -2 \(2 of 3 rows, first: 1, 2\)"),
        (([1, np.inf], [1, 2], [9, 9]), "spend must be finite and 0 or more; found inf"),
        (([1, 2], [0, 0], [9, 0]), r"trials must be finite and above 0; found 0 \(1 of 2 rows"),
        (([1, 2], [1, 2], [9, np.inf]), "trials must be finite and above 0; found inf"),
        (([1, 2], [1, 9.5], [9, 9]), "successes must be between 0 and the number of trials; found "
         "9.5"),
        (([1, 2], [-1, 9], [9, 9]), "between 0 and the number of trials; found -1"),
        (([1, 2], [np.nan, 9], [9, 9]), "between 0 and the number of trials; found nan"),
        (([3, 3, 3], [1, 2, 3], [9, 9, 9]), "at least 2 different spends; found 1 in 3 rows"),
        (([1, 2], [0, 0], [900, 900]), "needs successes and failures; found 0 successes in 1,800"),
        (([1, 2], [9, 8], [9, 8]), "needs successes and failures; found 17 successes in 17 trials"),
    ],
)  # fmt: skip
def test_data_that_fit_no_curve_are_refused(columns, words):
    with pytest.raises(DataError, match=words):
        BinomialData(*columns)


def test_no_more_than_three_rows_are_named():
    with pytest.raises(DataError, match=r"found -1 \(4 of 5 rows, first: 1, 2, 3\)"):
        BinomialData([1, -1, -2, -3, -4], [1] * 5, [9] * 5)


def test_the_least_that_fits_is_accepted():
    data = BinomialData([0, 1], [0, 9], [1, 9])
    assert data.trials.sum() == 10


def test_the_data_show_themselves_in_short():
    shown = repr(BinomialData(*ROWS))
    for words in ("rows 3", "spend 0 to 2.5", "successes 13", "trials 27"):
        assert words in shown
