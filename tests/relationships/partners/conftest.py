"""The sample partners, their survey, and the results that several tests use."""

import pandas as pd
import pytest

import relmark_research as rm


@pytest.fixture(scope="module")
def partners() -> pd.DataFrame:
    return rm.load_sample("partners")


@pytest.fixture(scope="module")
def survey() -> pd.DataFrame:
    return rm.load_sample("partner_survey")


@pytest.fixture(scope="module")
def data(partners, survey):
    return rm.relationships.read_partners(partners, survey)


@pytest.fixture(scope="module")
def quality(data):
    return rm.relationships.relationship_quality(data)


@pytest.fixture(scope="module")
def costs(data, quality):
    return rm.relationships.weak_partners(
        data, quality, rm.relationships.tie_effects(data, quality)
    )
