import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color
from matplotlib.patches import FancyArrowPatch

from relmark_research.errors import DataError
from relmark_research.plots.ladder import describe_rungs_and_flows, rungs_and_flows
from relmark_research.plots.style import BLUE, VERMILLION
from tests.plots.drawn import bars, limits, names, needs, size, texts, ticks


@pytest.fixture
def rungs() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rung": ["first-time", "lost", "client", "partner"], "rank": [0, -1, 1, 2],
            "people": [60, 0, 30, 15], "stay": [0.7, 1.0, 0.9, 0.8],
        }
    )  # fmt: skip


@pytest.fixture
def flows() -> pd.DataFrame:
    rows = [
        ("first-time", "first-time", 42.0), ("client", "lost", 0.25), ("lost", "client", 6.0),
        ("first-time", "client", 12.0), ("client", "first-time", 3.0), ("lost", "partner", 0.0),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["origin", "destination", "per_period"])


def arrows(ax) -> list[FancyArrowPatch]:
    """Return the flows, the weakest first."""
    return [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]


def path_of(arrow: FancyArrowPatch) -> np.ndarray:
    """Return the four points of a flow's curve."""
    return arrow._path_original.vertices


def test_rungs_are_bars_about_the_middle_with_those_off_the_ladder_below_a_gap(rungs, flows, ax):
    rungs_and_flows(rungs, flows, ax=ax)
    assert ticks(ax.yaxis) == {"partner": 2, "client": 1, "first-time": 0, "lost": -1.35}
    halves = [0.02 + 0.26 * share for share in (15 / 60, 30 / 60, 1, 0)]
    found = np.array(bars(ax))
    assert found[:, 0] == pytest.approx([-half for half in halves])
    assert found[:, 2] == pytest.approx([2 * half for half in halves])
    assert found[:, 1] == pytest.approx([1.75, 0.75, -0.25, -1.6])
    assert set(found[:, 3]) == {0.5}
    assert limits(ax) == ([-1.12, 1.12], [-1.9, 2.55])


def test_people_and_the_share_that_stays_stand_above_the_bars(rungs, flows, ax):
    rungs_and_flows(rungs, flows, ax=ax)
    assert texts(ax) == ["15, 80% stay", "30, 90% stay", "60, 70% stay", "0, 100% stay"]
    assert [text.get_position() for text in ax.texts] == [
        (0, pytest.approx(place + 0.29)) for place in (2, 1, 0, -1.35)
    ]


def test_every_flow_is_an_arrow_in_proportion_the_thinnest_still_seen(rungs, flows, ax):
    rungs_and_flows(rungs, flows, ax=ax)
    widths = [arrow.get_linewidth() for arrow in arrows(ax)]  # of 0.25, 3, 6 and 12 a period
    assert widths == [0.7, 9 / 4, 9 / 2, 9]
    opacity = [arrow.get_alpha() for arrow in arrows(ax)]
    assert opacity == pytest.approx([0.55 + 0.35 * 4 * 0.25 / 12, 0.9, 0.9, 0.9])
    style = arrows(ax)[1].get_arrowstyle()
    assert style.head_length == pytest.approx(3 + 2.25 / 3)
    assert style.head_width == pytest.approx(1.5 + 2.25 / 2.5)


def test_climbs_bow_to_the_right_and_falls_to_the_left(rungs, flows, ax):
    """A bow of 0.16 + 0.56 times a seventh of the height climbed, from 0.33 beside the middle."""
    rungs_and_flows(rungs, flows, ax=ax)
    paths = [path_of(arrow).round(6).tolist() for arrow in arrows(ax)]
    far = 0.33 + (0.16 + 0.56 / 7) * 1.33
    assert paths[3] == [
        [0.33, 0.12], [round(far, 6), 0.12], [round(far, 6), 0.88], [0.33, 0.88],
    ]  # fmt: skip
    assert paths[1] == [
        [-0.33, 0.88], [round(-far, 6), 0.88], [round(-far, 6), 0.12], [-0.33, 0.12],
    ]  # fmt: skip
    further = round(0.33 + (0.16 + 0.56 * 2.35 / 7) * 1.33, 6)
    assert paths[2] == [[0.33, -1.23], [further, -1.23], [further, 0.88], [0.33, 0.88]]
    colours = [arrow.get_edgecolor()[:3] for arrow in arrows(ax)]
    assert same_color(colours, [VERMILLION, VERMILLION, BLUE, BLUE])


def test_the_bow_of_a_long_way_stays_in_the_picture(flows, ax):
    rungs = pd.DataFrame({"rung": ["client", "lost"], "rank": [9, -1], "people": 1, "stay": 0.5})
    rungs_and_flows(rungs, flows[flows["destination"].eq("lost")], ax=ax)
    (arrow,) = arrows(ax)
    assert np.abs(path_of(arrow)[:, 0]).max() == pytest.approx(0.33 + 0.72 * 1.33)


def test_the_three_parts_are_named(rungs, flows, ax):
    rungs_and_flows(rungs, flows, ax=ax)
    assert ticks(ax.xaxis) == {
        "falls": -0.72, "people now, and share that stays": 0, "climbs": 0.72,
    }  # fmt: skip
    assert names(ax) == ("Line width: people who move per period", "Rung")
    assert not ax.spines["bottom"].get_visible()
    assert {tick.tick1line.get_markersize() for tick in ax.xaxis.get_major_ticks()} == {0}


def test_a_figure_grows_with_its_rungs_from_a_least_height(rungs, flows):
    assert size(rungs_and_flows(rungs, flows)) == [7, 3.48]  # 1 + 0.62 * 4
    small = rungs[rungs["rung"].isin(["client", "lost"])]
    assert size(rungs_and_flows(small, flows.iloc[1:3])) == [7, 2.6]


def test_a_ladder_without_people_or_flows_is_drawn(rungs, flows, ax):
    rungs_and_flows(rungs.assign(people=0), flows.iloc[:1], ax=ax)
    assert not arrows(ax)
    assert {width for _, _, width, _ in bars(ax)} == {0.04}
    assert describe_rungs_and_flows(rungs, flows.iloc[:1]).endswith(
        "No climb was observed; no fall was observed. All 0 flows are drawn."
    )


def test_words(rungs, flows):
    assert describe_rungs_and_flows(rungs, flows) == (
        "Ladder with 105 people on 4 rungs; the largest rung is first-time (60). The largest climb "
        "is from first-time to client, 12 people per period; the largest fall is from client to "
        "first-time, 3 people per period. All 4 flows are drawn."
    )


@pytest.mark.parametrize(
    ("per_period", "said"), [(9.96, "10"), (9.44, "9.4"), (10.4, "10"), (0.25, "0.2")]
)
def test_flows_below_ten_have_a_decimal(rungs, flows, per_period, said):
    flows = flows.assign(per_period=per_period)
    assert f"to client, {said.rstrip('0') if '.' in said else said}" in describe_rungs_and_flows(
        rungs, flows.iloc[2:3]
    )


def test_flows_to_rungs_that_are_not_there_are_refused(rungs, flows):
    flows.loc[0, "destination"] = "patron"
    flows.loc[1, "origin"] = "friend"
    for function in (rungs_and_flows, describe_rungs_and_flows):
        with pytest.raises(DataError, match="flows of friend, patron, which are not in it"):
            function(rungs, flows)


def test_tables_without_one_of_their_columns_are_refused(rungs, flows):
    for function in (rungs_and_flows, describe_rungs_and_flows):
        needs([function], rungs, flows)
        needs([lambda table, function=function: function(rungs, table)], flows)
