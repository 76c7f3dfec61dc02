import numpy as np
import pytest

from relmark_research.clv.families.shifted_beta_geometric import ShiftedBetaGeometric
from relmark_research.economics.value_of_retention.heterogeneity import constant_retention_bias
from relmark_research.errors import ParameterError


class Homogeneous:
    def survival(self, t):
        return 0.8 ** np.asarray(t, float)


def test_homogeneous_customers_have_no_bias() -> None:
    found = constant_retention_bias(Homogeneous(), [100, 80, 64], 0.1)
    assert found.understatement == pytest.approx(0, abs=1e-10)
    assert found.retention_rate == pytest.approx(0.8)


def test_shifted_beta_geometric_is_undervalued_by_twelve_percent() -> None:
    model = ShiftedBetaGeometric(3.80, 15.20)
    cohorts = 10_000 * model.survival(np.arange(5))
    found = constant_retention_bias(model, cohorts, 0.10)
    assert found.table["value"].round(2).tolist() == [3.31, 3.45, 3.59, 3.72, 3.84]
    assert round(found.understatement, 2) == 0.12


def test_invalid_input_raises() -> None:
    with pytest.raises(ParameterError, match="above 0; found 0"):
        constant_retention_bias(Homogeneous(), [1], 0)
    with pytest.raises(ParameterError, match="each 0 or more"):
        constant_retention_bias(Homogeneous(), [-1], 0.1)
