"""One simulated firm for all the tests of the sample data."""

import numpy as np
import pandas as pd
import pytest

from relmark_research.simulation import sample_firm
from relmark_research.simulation.accounts import YEAR
from relmark_research.simulation.firm import Truth

TRUTH = Truth()


@pytest.fixture(scope="session")
def world():
    return sample_firm.simulate_firm()


@pytest.fixture(scope="session")
def crm(world):
    return world.tables


@pytest.fixture(scope="session")
def account_years(crm):
    """Account years as the firm can see them: by the letters sent on the anniversaries."""
    letters = crm["contacts"].query("kind == 'mail'").merge(crm["customers"])
    age = (letters["date"] - letters["acquisition_date"]).dt.days
    letters = letters[age % YEAR == 0].assign(tenure=age // YEAR)
    letters = letters.drop_duplicates(["customer_id", "tenure"])
    following = letters.assign(tenure=letters["tenure"] - 1)[["customer_id", "tenure"]]
    years = letters.merge(following.assign(renewed=1.0), how="left").fillna({"renewed": 0.0})
    ended = years["date"] + pd.Timedelta(days=YEAR) <= pd.Timestamp(TRUTH.last_day)
    return years.assign(ended=ended)


@pytest.fixture(scope="session")
def assert_near():
    """Assert that an estimate lies within 4 standard errors of the truth.

    The estimates are direct ones from the tables, not the package's own.
    """

    def check(estimate, truth, standard_error, what=""):
        z = (np.asarray(estimate) - np.asarray(truth)) / np.asarray(standard_error)
        assert np.all(np.abs(z) < 4), f"{what}: {estimate} against {truth}, z = {z}"

    return check
