"""Fits with parameters that the data identify badly, made once."""

import pytest

import relmark_research as rm
from tests.clv.models import simulated


@pytest.fixture(scope="session")
def homogeneous():
    """A fit to customers with the same dropout probability, one in four."""
    return rm.BGNBD.fit(simulated(rm.BGNBD(0.5, 4.0, 1e5, 3e5), 3000, 40))


@pytest.fixture(scope="session")
def few():
    """A fit to sixty customers."""
    return rm.BGNBD.fit(simulated(rm.BGNBD(0.5, 4.0, 0.8, 2.4), 60, 10, seed=2))
