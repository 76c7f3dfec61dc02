import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.relationships import conversion_funnel, stage_conversion

COUNTS = pd.DataFrame({"stage": ["met", "offer", "won"], "count": [200, 80, 20]})


def test_shares_are_of_the_stage_before_and_of_all():
    found = stage_conversion(COUNTS).set_index("stage")
    assert found.index.tolist() == ["offer", "won"]
    won = found.loc["won"]
    assert (won["entered"], won["reached"], won["pending"]) == (80, 20, 60)
    assert (won["conversion"], won["drop_off"]) == (0.25, 0.75)
    assert won["cumulative_conversion"] == 0.1


def test_intervals_are_wilsons():
    won = stage_conversion(COUNTS).iloc[-1]
    z, n, p = 1.959964, 200, 0.1
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    ends = won[["cumulative_conversion_low", "cumulative_conversion_high"]].astype(float)
    assert ends.tolist() == pytest.approx([centre - reach, centre + reach], rel=1e-5)
    assert won["drop_off_low"] == pytest.approx(1 - won["conversion_high"])


def test_groups_of_any_name_are_kept_apart():
    both = pd.concat([COUNTS.assign(group="Messe"), COUNTS.assign(group="Web", count=[50, 0, 0])])
    found = stage_conversion(both).set_index(["group", "stage"])
    assert found.loc[("Messe", "won"), "cumulative_conversion"] == 0.1
    assert found.loc[("Web", "offer"), "conversion"] == 0
    assert np.isnan(found.loc[("Web", "won"), "conversion"])  # nobody entered
    assert found.loc[("Web", "won"), "cumulative_conversion"] == 0


def test_counts_of_a_dated_funnel_give_its_conversion_to_date():
    prospects = rm.load_sample("prospects")
    dated = conversion_funnel(prospects)
    stages = ["contacted", "qualified", "offer", "won"]
    counts = pd.DataFrame(
        {"stage": ["met", *stages],
         "count": [len(prospects), *(int(prospects[name].notna().sum()) for name in stages)]}
    )  # fmt: skip
    assert stage_conversion(counts)["conversion"].to_numpy() == pytest.approx(
        dated["conversion_to_date"].to_numpy()
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.assign(count=[200, 20, 80]), "found 80 in 'won' after 20 in 'offer'"),
        (lambda t: t.head(1), "two different stages"),
        (lambda t: t.assign(stage="met"), "two different stages"),
        (lambda t: t.assign(count=0), "two different stages"),
        (lambda t: t.assign(count=[200, 80, -1]), "count"),
    ],
)
def test_counts_that_are_no_funnel_are_refused(change, words):
    with pytest.raises(rm.DataError, match=words):
        stage_conversion(change(COUNTS))
