"""Effects on log-parameters: linear maps by hand, gradients by differences, diagnoses by limits."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.covariates import _covariate_gradients as gradients
from relmark_research.clv.covariates._covariate_gradients import (
    EffectBlock,
    blocks,
    estimates_gradient,
    log_parameters,
    maximum,
    not_nested,
)
from relmark_research.clv.covariates.formula import Design
from tests.clv.covariates.test_covariate_fit import simulated

NAMES = ("r", "alpha", "a", "b")
RATE = rm.BGNBD.covariate_links["rate"]
DROPOUT = rm.BGNBD.covariate_links["dropout"]
ODDS = rm.BGNBD.covariate_links["dropout odds"]
COLUMNS = (np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0], [-6.0]]))  # of two rows


def design(*terms):
    return Design("+".join(terms), terms, {}, None)


@pytest.fixture
def parts():
    """Two effects on the rate, then one on the dropout odds."""
    return blocks([("rate", RATE, design("size", "age")), ("dropout", ODDS, design("shop"))])


def test_effects_are_numbered_one_after_the_other():
    found = blocks([("dropout", DROPOUT, design("x", "y")), ("rate", RATE, design("z"))])
    assert [(part.component, dict(part.weights), part.first) for part in found] == [
        ("dropout", {"a": 1.0}, 0),
        ("dropout", {"b": 1.0}, 2),
        ("rate", {"alpha": -1.0}, 4),
    ]


def test_a_block_names_its_effects_and_their_sign(parts):
    assert [part.labels for part in parts] == [
        [("rate", "alpha", "size"), ("rate", "alpha", "age")],
        [("dropout", "a and b", "shop")],
    ]
    assert [part.sign for part in parts] == [1.0, 1.0]  # a and b by half each, b inversely
    on_b = EffectBlock("dropout", DROPOUT, {"b": 1.0}, design("x"), 0)
    assert on_b.sign == -1.0


def test_log_parameters_are_base_plus_weighted_effects(parts):
    estimates = np.array([0.1, 0.2, 0.3, 0.4, 10.0, 20.0, 2.0])
    found = log_parameters(NAMES, parts, COLUMNS, estimates)
    np.testing.assert_allclose(
        found,
        [
            [0.1, 0.1],
            [0.2 - (10 + 40), 0.2 - (30 + 80)],
            [0.3 + 5, 0.3 - 6],
            [0.4 - 5, 0.4 + 6],
        ],
    )


def test_logarithms_are_kept_within_what_does_not_overflow(parts):
    estimates = np.array([0.0, 0.0, 0.0, 0.0, 1e3, 0.0, 1e3])
    found = log_parameters(NAMES, parts, COLUMNS, estimates)
    assert (found.min(), found.max()) == (-300, 300)
    assert found[2].tolist() == [300, -300]


def test_the_jacobian_is_the_derivative_of_log_parameters(parts):
    jacobian = gradients._jacobian(NAMES, parts, COLUMNS)
    assert jacobian.shape == (4, 7, 2)
    for place in range(7):
        unit = np.eye(7)[place]
        np.testing.assert_array_equal(
            jacobian[:, place], log_parameters(NAMES, parts, COLUMNS, unit)
        )


def test_the_gradient_by_estimates_follows_by_the_chain_rule(parts):
    by_logs = np.random.default_rng(1).normal(size=(4, 2))
    found = estimates_gradient(NAMES, parts, COLUMNS, by_logs)
    jacobian = gradients._jacobian(NAMES, parts, COLUMNS)
    np.testing.assert_allclose(found, np.einsum("ki,kci->ci", by_logs, jacobian))


def test_derivatives_by_differences():
    logs = np.array([[0.5, 1.0], [2.0, -1.0]])
    found = gradients._numerical_gradient(lambda at: at[0] ** 2 + 3 * at[1], logs)
    np.testing.assert_allclose(found, [2 * logs[0], [3.0, 3.0]], rtol=1e-7)


def test_effects_of_scaled_columns_are_mapped_back(parts):
    """Centred and scaled columns with some effects give the same as the mapped ones."""
    joined = np.concatenate(COLUMNS, axis=1)
    centre, scale = np.array([0.5, -2.0, 3.0]), np.array([2.0, 0.5, 4.0])
    z = (joined - centre) / scale
    scaled = np.array([0.1, 0.2, 0.3, 0.4, 0.7, -0.3, 0.2])
    back = gradients.unscaled(NAMES, parts, centre, scale)
    np.testing.assert_allclose(
        log_parameters(NAMES, parts, COLUMNS, back @ scaled),
        log_parameters(NAMES, parts, (z[:, :2], z[:, 2:]), scaled),
    )


@pytest.fixture(scope="module")
def fitted():
    """Return customers, one effect on the rate and two on dropout, and the maximum."""
    table = simulated(rm.BGNBD, n=500)
    table = pd.concat([table, table.head(100)], ignore_index=True)  # equal rows are counted
    customers = rm.CustomerSummary(table, unit="week")
    made = [Design.of(formula, customers.table) for formula in ("size", "channel")]
    parts = blocks([("rate", RATE, made[0][0]), ("dropout", DROPOUT, made[1][0])])
    columns = [made[0][1], made[1][1], made[1][1]]
    return customers, parts, columns, maximum(rm.BGNBD, customers, parts, columns,
                                              rm.BGNBD.fit(customers))  # fmt: skip


def log_likelihood(at, customers, parts, columns):
    logs = log_parameters(NAMES, parts, columns, at)
    own = rm.BGNBD(*np.exp(logs))
    return float(own.log_likelihood(customers.frequency, customers.recency, customers.T).sum())


def test_the_maximum_is_one(fitted):
    customers, parts, columns, found = fitted
    given = customers, parts, columns
    assert log_likelihood(found.logs, *given) == pytest.approx(found.log_likelihood, abs=1e-8)
    errors = np.sqrt(np.diag(found.covariance))
    for step in np.diag(errors) * 0.1:
        assert log_likelihood(found.logs + step, *given) < found.log_likelihood
        assert log_likelihood(found.logs - step, *given) < found.log_likelihood
    assert 0 <= found.diagnosis.gradient < 1e-6
    assert found.diagnosis.status == "converged"


def test_the_covariance_is_the_inverse_of_the_curvature(fitted):
    customers, parts, columns, found = fitted
    inverse = np.linalg.inv(found.covariance)
    given, h = (customers, parts, columns), 1e-3
    for place in (1, 4, 6):
        step = np.eye(7)[place] * h
        up, down = (log_likelihood(found.logs + sign * step, *given) for sign in (1, -1))
        curvature = (2 * found.log_likelihood - up - down) / h**2
        assert inverse[place, place] == pytest.approx(curvature, rel=1e-3)


def test_the_curvature_is_compared_with_that_without_effects(fitted):
    customers, parts, columns, found = fitted
    start = np.concatenate([np.log(rm.BGNBD.fit(customers).model.values), np.zeros(3)])
    given, h = (customers, parts, columns), 1e-3
    for effect in range(3):
        step = np.eye(7)[4 + effect] * h
        by = []
        for at in (start, found.logs):
            up, here, down = (log_likelihood(at + s * step, *given) for s in (1, 0, -1))
            by.append(2 * here - up - down)
        assert found.curvature_share[effect] == pytest.approx(by[1] / by[0], rel=1e-2)
    assert 1 < found.diagnosis.condition < 1e6


@pytest.fixture
def customers():
    table = pd.DataFrame(
        {"frequency": [0, 2, 1, 0], "recency": [0.0, 3.0, 2.0, 0.0], "T": [9.0] * 4,
         "n_customers": [10, 5, 3, 1]}
    )  # fmt: skip
    return rm.CustomerSummary(table, unit="week")


def test_the_evidence_of_an_effect_is_its_customers_and_their_purchases(customers):
    parts = blocks([("rate", RATE, design("size", "odd")), ("dropout", DROPOUT, design("shop"))])
    columns = [np.array([[1.0, 0], [1, 1], [1, 0], [1, -1]])]
    columns += [np.array([[0.0], [1], [1], [1]])] * 2
    assert gradients.labels(parts) == ("rate: size", "rate: odd", "dropout: shop", "dropout: shop")
    texts = [gradients.evidence(columns, customers, effect) for effect in range(4)]
    assert texts[1] == "of 6 customers with it 5 made a repeat purchase"
    assert texts[2] == texts[3] == "of 9 customers with it 8 made a repeat purchase"


def test_a_part_of_a_formula_is_nested():
    few, many = design("size"), design("size", "age")
    rate = [("rate", RATE, few)]
    assert not_nested(blocks(rate), blocks([("rate", RATE, many)])) == []
    assert not_nested(blocks([("rate", RATE, many)]), blocks(rate)) == ["rate: age"]
    assert not_nested((), blocks(rate)) == []
    assert not_nested(blocks(rate), ()) == ["rate: size"]


def test_an_effect_on_the_odds_is_nested_in_effects_on_both_parameters():
    odds = blocks([("dropout", ODDS, design("shop"))])
    both = blocks([("dropout", DROPOUT, design("shop"))])
    assert not_nested(odds, both) == []
    assert not_nested(both, odds) == ["dropout: shop"]  # named once
    other_component = blocks([("rate", RATE, design("shop"))])
    assert not_nested(other_component, both) == ["rate: shop"]
