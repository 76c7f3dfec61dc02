"""Intervals with covariates that change with time hold the truth as often as they say."""

import os
import warnings

import numpy as np
import pandas as pd
import pytest

from tests.clv.covariates.moving import MODELS
from tests.studies import moving_covariates

RUNS = max(int(os.environ.get("RELMARK_SLOW_RUNS", "150")), 10)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_intervals_of_effects_and_totals_cover(name):
    """Runs whose parameters diverge are refused an interval of the total, and counted apart."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = pd.DataFrame(moving_covariates.runs(name, RUNS))
    held, chance = moving_covariates.coverage(found), 3 * np.sqrt(0.05 * 0.95 / RUNS)
    assert ((held - 0.95).abs() < max(chance, 0.03)).all(), held
    assert found["refused"].mean() < (0.35 if name == "ParetoNBD" else 0.05)
    assert set(found.loc[found["refused"], "status"]) <= {"at infinity"}
