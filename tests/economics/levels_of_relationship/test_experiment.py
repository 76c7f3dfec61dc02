"""Sample sizes by the textbook formula."""

import pytest

import relmark_research as rm
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
