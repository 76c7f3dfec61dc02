import numpy as np
import pandas as pd
import pytest

from relmark_research.economics.claims import (
    claims_table,
    few_bring_most,
    loyal_are_more_profitable,
    retaining_is_cheaper,
)
from relmark_research.errors import DataError, ParameterError


def history(customers=4000, *, effect=0.0, seed=1) -> pd.DataFrame:
    """Customers whose profit after the split depends on tenure by ``effect`` only."""
    rng = np.random.default_rng(seed)
    tenure = rng.uniform(0, 2, customers)
    after = rng.gamma(1, 100, customers) + effect * tenure
    return pd.DataFrame(
        {
            "cohort": rng.choice(["2022Q1", "2022Q2"], customers),
            "tenure": tenure,
            "calibration_profit": 100 * tenure,
            "holdout_profit": after,
            "active_in_holdout": rng.random(customers) < 0.7,
        }
    )


def test_tenure_is_circular_in_the_calibration_period_only() -> None:
    """Tenure determines the profit of the same days, and none of the holdout profit."""
    claim = loyal_are_more_profitable(history())
    assert claim.table.loc["before, circular", "low"] > 50
    assert claim.verdict == "inconclusive"
    assert claim.low < 0 < claim.high
    assert "no significantly different profit" in claim.sentence


@pytest.mark.parametrize(("effect", "verdict"), [(50, "holds"), (-50, "does not hold")])
def test_an_effect_of_tenure_is_found(effect, verdict) -> None:
    claim = loyal_are_more_profitable(history(effect=effect))
    assert claim.verdict == verdict
    assert claim.low < effect * 1.0 < claim.high  # halves of a uniform on 0 to 2 differ by 1


@pytest.mark.slow
def test_coverage_of_the_difference() -> None:
    covered = sum(
        (claim := loyal_are_more_profitable(history(300, seed=seed))).low < 0 < claim.high
        for seed in range(80)
    )
    assert 69 <= covered <= 80  # one in 500 of a binomial with 95% lies lower


def test_few_bring_most_and_regression_to_the_mean() -> None:
    rng = np.random.default_rng(2)
    table = pd.DataFrame(
        {"calibration_profit": rng.pareto(1.5, 3000), "holdout_profit": rng.gamma(1, 1, 3000)}
    )
    claim = few_bring_most(table)
    assert claim.table.loc["before, circular", "share"] > 0.5
    assert claim.verdict == "does not hold"
    assert claim.low < 0.2 < claim.high
    same = few_bring_most(table.assign(holdout_profit=table["calibration_profit"]))
    assert same.estimate == pytest.approx(same.table.loc["before, circular", "share"])


def test_invalid_histories_raise() -> None:
    with pytest.raises(DataError, match=r"no column 'tenure'.*holdout_profit"):
        loyal_are_more_profitable(history().drop(columns="tenure"))
    with pytest.raises(DataError, match="at least 30 customers"):
        few_bring_most(history(10))
    with pytest.raises(DataError, match="needs loyal and other customers"):
        loyal_are_more_profitable(history().assign(tenure=0.0))
    with pytest.raises(DataError, match="need a total above 0; found"):
        few_bring_most(history().assign(holdout_profit=-1.0))
    with pytest.raises(ParameterError, match="share must be"):
        few_bring_most(history(), share=20)


def test_claims_table_has_one_row_per_claim() -> None:
    claims = [loyal_are_more_profitable(history()), few_bring_most(history())]
    assert claims_table(claims)["verdict"].tolist() == [claim.verdict for claim in claims]


def test_an_unknown_segment_raises() -> None:
    with pytest.raises(ParameterError, match="no segment 'web'"):
        retaining_is_cheaper(pd.DataFrame(index=["all"]), segment="web")


def test_missing_values_raise() -> None:
    table = history(100)
    table.loc[4, "holdout_profit"] = np.nan
    for claim in (loyal_are_more_profitable, few_bring_most):
        with pytest.raises(
            DataError,
            match="profit must be known for every customer; 1 of 100 are missing, first: row 5",
        ):
            claim(table)
