"""The sample survey with segment and relationship level, and its satisfaction-retention link."""

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.relationships.satisfaction.retention_link import RetentionLink, retention_link
from relmark_research.relationships.satisfaction.survey_answers import (
    with_customer,
    with_relationship_level,
)


@pytest.fixture(scope="module")
def answers() -> pd.DataFrame:
    table = rm.load_sample("satisfaction")
    table = with_customer(table, rm.load_sample("customers"), "segment")
    return with_relationship_level(table, rm.load_sample("contacts"))


@pytest.fixture(scope="module")
def link(answers) -> RetentionLink:
    return retention_link(answers, controls=("segment", "relationship_level"))
