"""Sample sizes by the textbook formula."""

from types import SimpleNamespace

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.economics.levels_of_relationship.experiment import (
    experiment_size,
    experiments,
)
from relmark_research.errors import ParameterError


def test_experiment_by_the_textbook_formula() -> None:
    """n = 2 (z1 + z2)^2 p (1 - p) / points^2, within a few percent of Cohen's h."""
    n = rm.economics.experiment_size(0.6, 0.05)
    plain = 2 * (1.96 + 0.8416) ** 2 * 0.625 * 0.375 / 0.05**2
    assert n == pytest.approx(plain, rel=0.01)
    assert rm.economics.experiment_size(0.6, 0.05, power=0.9) > n
    assert rm.economics.experiment_size(0.6, 0.1) < n
    with pytest.raises(ParameterError, match=r"retention \+ difference must be a rate in \(0, 1\)"):
        rm.economics.experiment_size(0.9, 0.2)
    with pytest.raises(ParameterError, match="a difference of 0"):
        rm.economics.experiment_size(0.9, 0.0)
    with pytest.raises(ParameterError, match="power is a probability"):
        rm.economics.experiment_size(0.9, 0.05, power=80)


def test_an_experiment_is_planned_for_each_level_beyond_the_first() -> None:
    table = pd.DataFrame({
        "segment": ["homes"] * 4, "relationship_level": ["basic", "calls", "visits", "partners"],
        "cost": [1.0, 3.0, 9.0, 99.0], "retention": [0.6, 0.65, 0.7, 0.8],
        "break_even": [0.0, 0.05, 0.0, 0.4],
    })  # fmt: skip
    size = experiment_size(0.6, 0.05)
    best = pd.DataFrame({"segment": ["homes"], "customers": [2 * size]})
    found = experiments(SimpleNamespace(table=table, best=best)).set_index("relationship_level")
    assert found.index.tolist() == ["calls", "visits", "partners"]
    assert found["cost"].tolist() == [2, 8, 98]
    assert (found["retention"] == 0.6).all()
    assert found.loc["calls", ["per_group", "available"]].tolist() == [size, 2 * size]
    assert found["enough"].tolist() == [True, False, False]
    assert found["per_group"].isna().tolist() == [False, True, True]
    fewer = SimpleNamespace(table=table, best=best.assign(customers=2 * size - 1))
    assert not experiments(fewer)["enough"].any()
