"""CDNOW split in two, and fits of a user's models to the first half, made once."""

import pytest

import relmark_research as rm
from tests.foreign.bg_nbd_by_other_names import BGNBDByOtherNames
from tests.foreign.log_normal_spend import LogNormalSpend
from tests.foreign.mbg_cnbd_2 import MBGCNBD2


@pytest.fixture(scope="session")
def log():
    return rm.load_cdnow()


@pytest.fixture(scope="session")
def split(log):
    return log.split(at="1997-09-30")


@pytest.fixture(scope="session")
def some(split):
    """The first 120 customers, with a column for formulas."""
    table = split.calibration.table.iloc[:120].assign(kind=["a", "b"] * 60)
    return rm.CustomerSummary(table, unit="week", observed_until="1997-09-30")


@pytest.fixture(scope="session")
def own_regular(split):
    return MBGCNBD2.fit(split.calibration)


@pytest.fixture(scope="session", params=["MBGCNBD2", "MBGCNBD", "BGCNBD"])
def regular(split, own_regular, request):
    """Fits of regular purchases: of the user's own model, and of the package's with two phases."""
    if request.param == "MBGCNBD2":
        return own_regular
    return rm.clv.MODELS[request.param].fit(split.calibration, k=2)


@pytest.fixture(scope="session")
def renamed(split):
    return BGNBDByOtherNames.fit(split.calibration)


@pytest.fixture(scope="session")
def spend(split):
    return LogNormalSpend.fit(split.calibration)
