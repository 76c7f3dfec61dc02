"""CDNOW's calibration and the fits of it, made once."""

import pytest

import relmark_research as rm


@pytest.fixture(scope="session")
def cdnow():
    return rm.load_cdnow().split(at="1997-09-30").calibration


@pytest.fixture(scope="session")
def bought(cdnow):
    return rm.BGNBD.fit(cdnow)


@pytest.fixture(scope="session")
def paid(cdnow):
    return rm.GammaGamma.fit(cdnow)
