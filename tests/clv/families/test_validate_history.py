"""Every model rejects invalid histories and times."""

import numpy as np
import pytest

from relmark_research.clv.families._validate_history import validate_duration, validate_history
from relmark_research.errors import ParameterError
from tests.clv.models import PURCHASES, named

WRONG = [(2, 40.0, 30.0), (2, -1.0, 30.0), (-1, 0.0, 30.0), (0, 0.0, -3.0)]


@named(PURCHASES)
@pytest.mark.parametrize("wrong", WRONG)
def test_an_invalid_history_is_rejected(model, wrong):
    message = r"0 <= t_x <= T and x >= 0; found \(x, t_x, T\) = .*1 of 3 rows"
    for call in (model.log_likelihood, model.p_alive):
        columns = [np.array([1.0, each, 3.0]) for each in wrong]
        with pytest.raises(ParameterError, match=message):
            call(*columns)
    with pytest.raises(ParameterError, match="1 of 1 rows"):
        model.conditional_expected_purchases(4.0, *wrong)


@named(PURCHASES)
@pytest.mark.parametrize("wrong", [0.5, -1])
def test_a_number_of_purchases_must_be_whole(model, wrong):
    with pytest.raises(ParameterError, match=rf"whole number >= 0; found {wrong} \(1 of 2 values"):
        model.purchase_pmf(np.array([1, wrong]), 4)
    with pytest.raises(ParameterError, match="whole number >= 0"):
        model.conditional_purchase_pmf(wrong, 4, 2, 4.0, 6.0)


@named(PURCHASES)
def test_a_future_time_must_not_be_negative(model):
    for call in (
        lambda t: model.expected_purchases(t),
        lambda t: model.purchase_pmf(1, t),
        lambda t: model.conditional_expected_purchases(t, 2, 4.0, 6.0),
        lambda t: model.conditional_purchase_pmf(1, t, 2, 4.0, 6.0),
    ):
        with pytest.raises(ParameterError, match=r">= 0, in the model's unit; found -2 \(1 of 2"):
            call(np.array([1.0, -2.0]))


def test_rounding_error_is_accepted():
    T = np.array([30.0, 40.0])
    x, t_x, _ = validate_history(np.array([1, 2]), T * (1 + 1e-12), T)
    assert (t_x > T).all()
    assert x.dtype == float
    assert validate_duration(0) == 0
    with pytest.raises(ParameterError, match=r"found \(x, t_x, T\) = \(2, 50, 40\)"):
        validate_history(2, np.array([10.0, 50.0]), T)


def test_missing_values_stay_missing():
    x, _, T = validate_history(np.array([np.nan, 1]), 0.0, np.array([30.0, np.nan]))
    assert np.isnan([x[0], T[1], validate_duration(np.nan)]).all()


def test_empty_arrays_are_valid():
    empty = np.empty(0)
    assert [len(column) for column in validate_history(empty, empty, empty)] == [0, 0, 0]
