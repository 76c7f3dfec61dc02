"""Profile-likelihood intervals against their definition."""

import numpy as np
import pytest
from scipy import optimize

import relmark_research as rm
from relmark_research.errors import ParameterError


def test_profile_ends_where_the_log_likelihood_is_lower_by_half_a_quantile(bought):
    found = bought.profile("b", level=0.9)
    logs = np.log(bought.model.values)
    for end in (found.low, found.high):
        start = np.append(logs[:3], np.log(end))
        best = optimize.minimize(
            lambda free, end=start[3]: -bought.likelihood.evaluate(np.append(free, end)).value,
            start[:3], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-9},
        )  # fmt: skip
        assert bought.log_likelihood + best.fun == pytest.approx(2.705543 / 2, abs=1e-4)
    assert found.low < bought.model.b < found.high
    assert (found.log_likelihood_loss >= -1e-9).all()


def test_profile_rejects_unknown_parameters_levels_and_saved_fits(bought):
    with pytest.raises(ParameterError, match="parameter, r, alpha, a, b; found 'beta'"):
        bought.profile("beta")
    with pytest.raises(ParameterError, match="a level is a probability"):
        bought.profile("a", level=95)
    with pytest.raises(ParameterError, match="needs the data"):
        rm.Fit.from_json(bought.to_json()).profile("a")
