"""Equal histories counted once, whatever the columns are made of."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relmark_research.customers.log.distinct_histories import distinct_rows, encode


def assert_counted(columns, weights=None):
    """Compare with numpy's sorting of whole rows."""
    found = distinct_rows(*columns, weights=weights)
    rows, inverse = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    np.testing.assert_array_equal(np.stack(found.columns, axis=1), rows)
    np.testing.assert_array_equal(found.inverse, inverse.ravel())
    summed = np.bincount(inverse.ravel(), weights, len(rows))
    np.testing.assert_allclose(found.weights, summed, rtol=1e-12)


@pytest.mark.parametrize("unit", [1.0, 7.0, 365.2425 / 12, 365.2425])
def test_whole_days_in_any_unit(unit):
    rng = np.random.default_rng(1)
    x, T = rng.integers(0, 6, 3000).astype(float), rng.integers(1, 300, 3000) / unit
    assert_counted((x, np.floor(T * unit * rng.random(3000)) / unit, T))


def test_times_that_are_not_whole_days():
    rng = np.random.default_rng(2)
    assert_counted((rng.integers(0, 3, 500).astype(float), rng.random(500).round(1) + 1e-9))


def test_more_combinations_than_can_be_counted_in_cells():
    rng = np.random.default_rng(3)
    wide = [rng.integers(0, 400_000, 2000).astype(float) for _ in range(3)]
    repeated = [np.concatenate([column, column[:500]]) for column in wide]
    assert_counted(repeated)


def test_weights_are_summed():
    x = np.array([1.0, 2, 1, 2, 2])
    assert_counted((x, x * 0), weights=np.array([1.0, 2, 3, 0, 5]))
    assert_counted((x,), weights=np.full(5, 2.0))


def test_values_keep_their_type():
    found = distinct_rows(np.array([3, 1, 3]), np.array([0.5, 0.25, 0.5]))
    assert found.columns[0].dtype.kind == "i"
    assert found.columns[1].dtype.kind == "f"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-2, 5), st.floats(-9, 9)), min_size=1))
def test_any_rows(rows):
    assert_counted(tuple(np.array(column, float) + 0.0 for column in zip(*rows, strict=True)))


def test_codes_number_sorted_values():
    codes, values = encode(np.array([9 / 7, 2 / 7, 9 / 7]))
    np.testing.assert_array_equal(values[codes], [9 / 7, 2 / 7, 9 / 7])
    assert len(values) == 2
