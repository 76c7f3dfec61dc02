"""One value of each interval of the ladder, computed in another way."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.linalg import expm
from statsmodels.discrete.discrete_model import Logit

import relmark_research as rm
from tests.laws import made
from tests.laws.own import (
    LEVEL,
    Z,
    covariance,
    exact_value_of,
    kaplan_meier,
    percentiles,
    wilson,
)

SIGNS = np.array([-1, 1])
COUNTS = made.COUNTS.to_numpy(float)
MARGIN = np.array(list(made.RUNG_MARGINS.values())) / 4  # of a quarter
DISCOUNT = 1.1**-0.25


def ends(table: pd.DataFrame | pd.Series, name: str = "") -> np.ndarray:
    stem = f"{name}_" if name else ""
    return table[[f"{stem}low", f"{stem}high"]].to_numpy(float)


def of_draws(draws: Any) -> np.ndarray:
    return np.transpose(percentiles(draws))


@exact_value_of("TransitionEstimate.intervals")
def test_the_intervals_of_a_cell():
    n = COUNTS.sum(axis=1)[:, None]
    found = made.counted().intervals(LEVEL)
    assert np.allclose(ends(found), np.transpose(wilson(COUNTS, n)).swapaxes(0, 1).reshape(9, 2))
    z = stats.norm.ppf(1 - (1 - LEVEL) / 6)
    found = made.counted().intervals(LEVEL, simultaneous=True)
    assert np.allclose(ends(found.iloc[[1]]), np.ravel(wilson(20, 90, z)))
    found = rm.estimate_transitions(made.COUNTS, prior=0.5).intervals(LEVEL)
    assert np.allclose(ends(found.iloc[[1]]), stats.beta(20.5, 71).interval(LEVEL))
    estimate = made.followed()
    draws = estimate.draws(4 * estimate.n_draws, seed=estimate.draws_seed, basis="customers")
    found = estimate.intervals(LEVEL, basis="customers")
    assert np.allclose(ends(found), of_draws(draws.reshape(len(draws), 9)))


@exact_value_of("TransitionEstimate.probability_of_reaching")
def test_reaching_by_powers_of_the_drawn_matrices():
    P = made.counted().probability_draws.copy()
    P[:, 1] = [0, 1, 0]
    reached = np.linalg.matrix_power(P, 4)[:, :, 1]
    found = made.counted().probability_of_reaching("repeat", 4, level=LEVEL)
    assert np.allclose(ends(found), of_draws(reached))


@exact_value_of("TransitionEstimate.time_to")
def test_the_time_to_a_rung_that_one_step_may_reach():
    """From first, with lost as an end: h = p / (1 - stay), and the time is geometric."""
    P = made.counted().probability_draws
    stay, reach = P[:, 0, 0], P[:, 0, 1]
    found = made.counted().time_to("repeat", before="lost", level=LEVEL).table.loc["first"]
    assert np.allclose(ends(found, "probability"), percentiles(reach / (1 - stay)))
    assert np.allclose(ends(found, "mean"), percentiles(1 / (1 - stay)))


@exact_value_of("TransitionEstimate.project")
def test_a_projection_of_one_period_is_nearly_binomial():
    """With very many moves the matrix is certain, and the chance in the moves remains."""
    counts = pd.DataFrame([[7e8, 3e8], [1e8, 9e8]], index=["a", "b"], columns=["a", "b"])
    estimate = rm.estimate_transitions(counts)
    found = estimate.project({"a": 2000}, periods=1, level=LEVEL).table
    row = found[(found["periods_ahead"] == 1) & (found["rung"] == "b")]
    binomial = stats.binom(2000, 0.3).interval(LEVEL)
    assert np.allclose(ends(row)[0], binomial, atol=0.2 * stats.binom(2000, 0.3).std())


@exact_value_of("TransitionEstimate.steady_state")
def test_the_steady_state_by_powers_and_by_its_equation():
    P = made.counted().probability_draws
    shares = np.linalg.matrix_power(P, 400)[:, 0]
    assert np.allclose(ends(made.counted().steady_state(level=LEVEL)), of_draws(shares))
    inner = np.eye(2) - P[:, :2, :2]
    numbers = np.linalg.solve(inner.swapaxes(1, 2), np.array([[10.0], [0.0]]))[..., 0]
    found = made.counted().steady_state({"first": 10.0}, absorbing_state="lost", level=LEVEL)
    assert np.allclose(ends(found)[:2], of_draws(numbers))


def values(P: np.ndarray) -> np.ndarray:
    return np.linalg.solve(np.eye(3) - DISCOUNT * P, MARGIN[:, None])[..., 0]


@exact_value_of("TransitionEstimate.value")
def test_values_of_drawn_matrices_and_their_derivatives():
    P = made.counted().probability_draws
    found = made.counted().value(made.RUNG_MARGINS, 0.1, level=LEVEL)
    assert np.allclose(ends(found.table), of_draws(values(P)))
    step = found.steps.set_index("destination").loc["repeat"]
    assert np.allclose(ends(step), percentiles(values(P)[:, 1] - values(P)[:, 0]))
    moved, size = P.copy(), 1e-6  # more from first to repeat, less of the others in proportion
    moved[:, 0] *= (1 - size / (1 - P[:, 0, 1]))[:, None]
    moved[:, 0, 1] = P[:, 0, 1] + size
    total = 0.01 * (values(moved) - values(P)).sum(axis=1) / size  # one person on each rung
    table = found.transition_sensitivities.set_index(["origin", "destination"])
    assert np.allclose(ends(table.loc["first", "repeat"]), percentiles(total), rtol=1e-4)


@exact_value_of("backtest")
def test_a_backtest_of_one_period_is_nearly_normal():
    """Variance of the moves, n p q, and of the share, n^2 p q / N: N of n earlier departures."""
    rng, people = np.random.default_rng(3), 3000
    state, rows = np.arange(2 * people) % 2, []
    for period in range(3):
        rungs = np.array(["a", "b"])[state]
        rows.append(
            pd.DataFrame({"customer_id": range(2 * people), "period": period, "rung": rungs})
        )
        state = np.where(state == 0, rng.random(2 * people) < 0.3, 1).astype(int)
    history = rm.ladder.LadderHistory.from_table(pd.concat(rows), rungs=["a", "b"])
    found = rm.ladder.backtest(rm.estimate_transitions(history, prior=0.5), periods=1, level=LEVEL)
    row = found.set_index("rung").loc["a"]
    n, stay = row["start"], row["expected"] / row["start"]
    error = np.sqrt(n * stay * (1 - stay) * (1 + n / people))
    expected = row["expected"] + SIGNS * Z * error
    assert np.allclose(ends(row), expected, atol=0.25 * error)


@exact_value_of("first_passage_table")
def test_first_passages_by_a_loop_and_by_powers():
    table = made.people().assign(number=lambda t: t.groupby("customer_id").cumcount())
    time, reached = [], []
    for _, own in table.groupby("customer_id"):
        hit = own.loc[own["rung"] == "repeat", "number"]
        time.append(hit.iloc[0] if len(hit) else own["number"].max())
        reached.append(len(hit) > 0)
    at, S, low, high = kaplan_meier(np.array(time), np.array(reached))
    found = rm.ladder.first_passage_table(made.followed(), "first", "repeat", level=LEVEL)
    found = found.set_index("periods").loc[at]
    expected = 1 - np.column_stack([S, high, low])
    assert np.allclose(found[["observed", "observed_low", "observed_high"]], expected)
    P = made.followed().probability_draws.copy()
    P[:, 1] = [0, 1, 0]
    drawn = np.linalg.matrix_power(P, 3)[:, 0, 1]
    assert np.allclose(ends(found.loc[3], "expected"), percentiles(drawn))


@exact_value_of("move_drivers")
def test_the_odds_ratio_of_a_logit_clustered_by_customer():
    moves = made.moves()
    moves = moves[(moves["origin"] == "first") & (moves["move"] != "fall")]
    found = rm.ladder.move_drivers(moves, ["size"], rung="first", level=LEVEL).table.iloc[0]
    design = np.column_stack([np.ones(len(moves)), moves["size"]])
    groups = pd.factorize(moves["customer_id"])[0]
    fit = Logit((moves["move"] == "climb").to_numpy(float), design).fit(
        disp=False, cov_type="cluster", cov_kwds={"groups": groups}
    )
    assert np.allclose(ends(found), np.exp(fit.conf_int(1 - LEVEL)[1]), rtol=1e-6)


@exact_value_of("rung_margins")
def test_the_margin_of_a_rung_is_a_ratio_of_sums_over_customers():
    log, history = made.small_log(), made.small_ladder()
    spells = history.to_pandas()
    rows = log.to_pandas()
    day = pd.to_datetime(rows["date"])
    rows["period"] = 12 * day.dt.year + day.dt.month - 1
    money = rows.groupby(["customer_id", "period"])["value"].sum().rename("value")
    joined = spells.join(money, on=["customer_id", "period"])
    own = joined[joined["rung"] == "repeat"].groupby("customer_id")
    y, n = 0.3 * own["value"].sum() * 12, own.size()
    ratio, c = y.sum() / n.sum(), len(n)
    error = np.sqrt(c / (c - 1) * ((y - ratio * n) ** 2).sum()) / n.sum()
    found = rm.ladder.rung_margins(log, history, margin=0.3, level=LEVEL).loc["repeat"]
    assert np.allclose(ends(found, "annual_margin"), ratio + SIGNS * Z * error)


@exact_value_of("GeneratorEstimate.intervals")
def test_the_error_of_a_rate_is_that_of_the_panel_likelihood():
    found, table = made.generator(), made.observations()
    names = list(found.states)
    table = table.assign(state=table["rung"].map(names.index)).sort_values(["customer_id", "time"])
    same = (table["customer_id"] == table["customer_id"].shift(-1)).to_numpy()
    step = (table["time"].shift(-1) - table["time"]).round(9)[same].to_numpy()
    start, end = table["state"][same].to_numpy(), table["state"].shift(-1)[same].to_numpy(int)
    cells = [(names.index(a), names.index(b)) for a, b in found.moves]

    def log_likelihood(logs: np.ndarray) -> float:
        Q = np.zeros((3, 3))
        Q[tuple(np.transpose(cells))] = np.exp(logs)
        Q -= np.diag(Q.sum(axis=1))
        total = 0.0
        for length in np.unique(step):
            at = step == length
            total += np.log(expm(Q * length)[start[at], end[at]]).sum()
        return total

    logs = np.log([found.rates[cell] for cell in cells])
    error = np.sqrt(np.diag(covariance(log_likelihood, logs)))
    expected = np.exp(logs[:, None] + Z * error[:, None] * SIGNS)
    assert np.allclose(ends(found.intervals(LEVEL)), expected, rtol=1e-4)


@exact_value_of("HiddenLadder.summary")
def test_a_propensity_is_symmetric_in_its_logit():
    row = made.hidden().summary(LEVEL).loc[2]
    logits = np.log(0.8 / 0.2) + SIGNS * Z * 0.03 / (0.8 * 0.2)
    assert np.allclose(ends(row), 1 / (1 + np.exp(-logits)))
