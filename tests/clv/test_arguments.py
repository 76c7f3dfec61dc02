"""Histories and times that cannot be are refused by every model."""

import numpy as np
import pytest

from relmark_research.clv.families._validate_history import duration, history
from relmark_research.errors import ParameterError
from tests.clv.models import PURCHASES, named

WRONG = [(2, 40.0, 30.0), (2, -1.0, 30.0), (-1, 0.0, 30.0), (0, 0.0, -3.0)]


@named(PURCHASES)
@pytest.mark.parametrize("wrong", WRONG)
def test_a_history_that_cannot_be_is_refused(model, wrong):
    told = r"0 <= t_x <= T and x >= 0; found \(x, t_x, T\) = .*1 of 3 break this"
    for call in (model.log_likelihood, model.p_alive):
        columns = [np.array([1.0, each, 3.0]) for each in wrong]
        with pytest.raises(ParameterError, match=told):
            call(*columns)
    with pytest.raises(ParameterError, match="1 of 1 break this"):
        model.conditional_expected_purchases(4.0, *wrong)


@named(PURCHASES)
@pytest.mark.parametrize("wrong", [0.5, -1])
def test_a_number_of_purchases_is_whole(model, wrong):
    with pytest.raises(ParameterError, match=rf"whole and >= 0; found {wrong} \(1 of 2 values"):
        model.purchase_pmf(np.array([1, wrong]), 4)
    with pytest.raises(ParameterError, match="whole and >= 0"):
        model.conditional_purchase_pmf(wrong, 4, 2, 4.0, 6.0)


@named(PURCHASES)
def test_a_time_ahead_is_not_negative(model):
    for call in (
        lambda t: model.expected_purchases(t),
        lambda t: model.purchase_pmf(1, t),
        lambda t: model.conditional_expected_purchases(t, 2, 4.0, 6.0),
        lambda t: model.conditional_purchase_pmf(1, t, 2, 4.0, 6.0),
    ):
        with pytest.raises(ParameterError, match=r">= 0, in the model's unit; found -2 \(1 of 2"):
            call(np.array([1.0, -2.0]))


def test_what_rounding_leaves_is_no_fault():
    T = np.array([30.0, 40.0])
    x, t_x, _ = history(np.array([1, 2]), T * (1 + 1e-12), T)
    assert (t_x > T).all()
    assert x.dtype == float
    assert duration(0) == 0
    with pytest.raises(ParameterError, match=r"found \(x, t_x, T\) = \(2, 50, 40\)"):
        history(2, np.array([10.0, 50.0]), T)


def test_what_is_missing_stays_missing():
    x, _, T = history(np.array([np.nan, 1]), 0.0, np.array([30.0, np.nan]))
    assert np.isnan([x[0], T[1], duration(np.nan)]).all()


def test_nothing_at_all_is_a_history():
    empty = np.empty(0)
    assert [len(column) for column in history(empty, empty, empty)] == [0, 0, 0]
