"""The joint model's sentences; their numbers are tested with the books of report 04."""

from relmark_research.economics.response.acquisition_and_retention import (
    acquisition_and_retention,
)
from relmark_research.formats import formatter
from relmark_research.narrative.value import report_04_joint
from tests.economics.response.test_acquisition_and_retention import TRAITS, prospects


def test_spend_on_prospects_is_observational() -> None:
    joint = acquisition_and_retention(prospects(1)[0], **TRAITS)
    claims = [
        report_04_joint.joint_heading(joint),
        report_04_joint.joint_paragraph(joint, 120, 0.1, formatter("USD")),
    ]
    assert {claim.design for claim in claims} == {"observational"}
    assert {claim.source for claim in claims} == {"acquired prospects"}
