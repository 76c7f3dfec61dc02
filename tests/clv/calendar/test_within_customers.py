"""The likelihood within customers: own levels drop out, and one purchase cannot decide."""

import numpy as np
import pytest

from relmark_research.clv.calendar._within_customers import CAP, WithinCustomers


@pytest.fixture
def data():
    rng = np.random.default_rng(1)
    customer = np.repeat(np.arange(40), 5)
    value = rng.gamma(3.0, 10.0, 200)
    return value, customer, rng.integers(0, 6, 200), rng.normal(size=(6, 3))


def test_the_score_is_the_gradient_of_the_likelihood_given_the_customers_totals(data):
    within, theta = WithinCustomers.of(*data), np.array([0.2, -0.1, 0.3])

    def log_likelihood(theta):
        effect = (within.design @ theta)[within.row]
        total = np.bincount(within.customer, within.value * np.exp(-effect))
        return -effect.sum() - within.count @ np.log(total)

    step = 1e-5 * np.eye(3)
    slopes = [(log_likelihood(theta + h) - log_likelihood(theta - h)) / 2e-5 for h in step]
    assert within.scores(theta).sum(0) == pytest.approx(slopes, rel=1e-6)


def test_own_levels_drop_out(data):
    value, customer, row, design = data
    levels = np.exp(np.random.default_rng(2).normal(0, 3, 40))
    scores = [
        WithinCustomers.of(each, customer, row, design).scores(np.full(3, 0.1))
        for each in (value, value * levels[customer])
    ]
    assert scores[0] == pytest.approx(scores[1])


def test_the_information_is_the_sum_of_squares_within_customers(data):
    within = WithinCustomers.of(*data)
    z = within.design[within.row]
    own = np.array([z[within.customer == i].mean(0) for i in range(40)])
    centred = z - own[within.customer]
    assert within.information() == pytest.approx(centred.T @ centred)


def test_an_enormous_purchase_counts_as_the_cap(data):
    value, _, row, design = data
    customer = np.zeros(200, int)
    value[3] = 1e9
    score = WithinCustomers.of(value, customer, row, design).scores(np.zeros(3))[0]
    value[3] = 1e12
    more = WithinCustomers.of(value, customer, row, design).scores(np.zeros(3))[0]
    plain = np.abs(design).max() * 200
    assert np.abs(more).max() < plain * 200 / CAP
    assert score.shape == (3,)


def test_purchases_without_value_and_single_ones_are_left_out():
    value, customer = np.array([1.0, 2.0, 0.0, -3.0, 5.0]), np.array([0, 0, 1, 1, 2])
    within = WithinCustomers.of(value, customer, np.zeros(5, int), np.ones((1, 1)))
    assert len(within) == 1
    assert within.value.tolist() == [1.0, 2.0]
    assert not len(WithinCustomers.of(value[2:], customer[2:], np.zeros(3, int), np.ones((1, 1))))
