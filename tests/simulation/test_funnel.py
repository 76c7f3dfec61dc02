"""Prospects move, and are censored, as they were made to."""

import numpy as np

from relmark_research.simulation.firm import Truth
from relmark_research.simulation.funnel import STAGES

TRUTH = Truth()


def test_win_rates_of_prospects_old_enough_to_be_decided(crm, assert_near):
    prospects = crm["prospects"]
    old = prospects[prospects["first_contact"] < "2024-05-01"]
    for channel in TRUTH.channels:
        own = old[old["source"] == channel.name]
        if channel.funnel is None:
            assert own.empty
            continue
        entered = own
        for stage, probability in zip(STAGES, channel.funnel.chances, strict=True):
            n, reached = len(entered), entered[entered[stage].notna()]
            error = np.sqrt(probability * (1 - probability) / n)
            assert_near(len(reached) / n, probability, error, f"{channel.name} {stage}")
            entered = reached


def test_recent_prospects_are_still_on_their_way(crm):
    prospects = crm["prospects"]
    recent = prospects[prospects["first_contact"] >= "2024-12-01"]
    old = prospects[prospects["first_contact"] < "2024-05-01"]
    assert recent["won"].notna().mean() < 0.3 * old["won"].notna().mean()
