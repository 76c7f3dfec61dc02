"""The books and the customers drawn from them."""

import numpy as np
import pytest

from relmark_research.simulation.firm import Truth

TRUTH = Truth()


@pytest.mark.parametrize(
    ("curve", "spend", "trials", "successes"),
    [
        ("acquisition", "acquisition_spend", "prospects_reached", "customers_won"),
        ("retention", "retention_spend", "customers_at_risk", "customers_kept"),
    ],
)
def test_the_books_follow_their_curves(crm, curve, spend, trials, successes, assert_near):
    for channel in TRUTH.channels:
        books = crm["books"].query("channel == @channel.name")
        rate = getattr(channel, curve).rate_at(books[spend] / books[trials])
        chi2 = (books[successes] - books[trials] * rate) ** 2 / (books[trials] * rate * (1 - rate))
        assert_near(chi2.sum(), len(books), np.sqrt(2 * len(books)), channel.name)
        assert (books[spend] / books[trials]).max() > 3 * (books[spend] / books[trials]).min()


def test_accounts_come_up_for_renewal_a_year_later(crm):
    for _, books in crm["books"].groupby("channel"):
        due = (books["customers_won"] + books["customers_kept"]).to_numpy()[:-4]
        assert (books["customers_at_risk"].to_numpy()[4:] == due).all()


def test_the_extract_holds_a_tenth_of_the_customers_at_their_cost(crm, assert_near):
    books = crm["books"].groupby("channel")[["customers_won", "acquisition_spend"]].sum()
    drawn = crm["customers"].groupby("channel")["acquisition_cost"].agg(["size", "mean", "sem"])
    share = TRUTH.extract_share
    won = books["customers_won"]
    assert_near(drawn["size"], won * share, np.sqrt(won * share * (1 - share)))
    assert_near(drawn["mean"], books["acquisition_spend"] / won, drawn["sem"])


def test_segments_of_each_channel(crm, assert_near):
    counts = crm["customers"].groupby(["channel", "segment"]).size().unstack(fill_value=0)
    for channel in TRUTH.channels:
        row = counts.loc[channel.name, list(TRUTH.segment_names)]
        p, n = np.array(channel.segment_shares), row.sum()
        assert_near(row / n, p, np.sqrt(p * (1 - p) / n), channel.name)
