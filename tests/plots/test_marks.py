import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relmark_research.plots import marks
from relmark_research.plots.style import FILLS, LINES
from tests.plots import drawn

heights = st.lists(st.floats(0, 1), min_size=1, max_size=8)


@given(heights)
def test_spread_labels_never_overlap_and_keep_their_order(wanted) -> None:
    places = marks.spread(wanted, [0.05] * len(wanted))
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(np.array(places)[order]) >= 0.05 - 1e-9).all()


@given(heights)
def test_labels_that_are_clear_of_each_other_stay_where_they_are(wanted) -> None:
    if len(wanted) == 1 or np.diff(np.sort(wanted)).min() > 0.051:
        assert marks.spread(wanted, [0.05] * len(wanted)) == pytest.approx(wanted)


def test_end_labels_are_written_beside_the_picture_in_order(ax) -> None:
    ax.set_ylim(0, 10)
    ends = [marks.EndLabel(2, "low", LINES[0]), marks.EndLabel(2.1, "high", FILLS[1])]
    marks.label_ends(ax, ends)
    low, high = ax.texts
    assert (low.get_text(), high.get_text()) == ("low", "high")
    assert low.xy[0] == 1
    assert high.xy[1] > low.xy[1]
    swatches = [line for line in ax.lines if line.get_gid() == "swatch"]
    assert [swatch.get_color() for swatch in swatches] == [LINES[0].colour, FILLS[1].colour]
    assert ax.get_ylim() == (0, 10)


@pytest.mark.parametrize(
    ("first", "last"),
    [("1997-01-01", "1998-06-30"), ("2010-01-01", "2022-06-01"), ("1950-05-17", "2024-01-01"),
     ("1997-01-31", "1997-04-02"), ("1997-01-01", "1997-01-20"), ("1997-01-01", "1997-01-01"),
     ("1997-02-05", "1997-12-20")],
)  # fmt: skip
def test_date_ticks_are_few_within_the_data_and_say_the_year(ax, first, last) -> None:
    times = pd.Series(pd.to_datetime([first, last]))
    ax.plot(times, [0, 1])
    marks.date_ticks(ax, times)
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert 1 <= len(labels) <= 8
    assert labels[0].split("\n")[1].isdigit()
    years = [label.split("\n")[1] for label in labels if "\n" in label]
    assert len(years) == len(set(years))
    low, high = pd.Timestamp(first), pd.Timestamp(last)
    ticks = pd.to_datetime(np.array(ax.get_xticks()), unit="D")
    assert ((ticks >= low) & (ticks <= high)).all()


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1200, "1,200"), (0.25, "0.25"), (2.5e6, "2.5M"), (-400, "−400"), (np.inf, "∞")],
)
def test_ticks_of_counts(value, text) -> None:
    assert marks.tick_count(value) == text


def test_ticks_of_shares() -> None:
    assert marks.tick_percent(0.2) == "20%"
    assert marks.tick_percent(0.025) == "2.5%"


@given(st.integers(1, 200), st.integers(1, 20))
def test_thinned_keeps_the_first_and_no_more_than_allowed(number, most) -> None:
    kept, labels = marks.thinned([str(place) for place in range(number)], most)
    assert kept[0] == 0
    assert len(kept) <= most
    assert labels == [str(place) for place in kept]


def test_hollow_bars_are_outlines(ax) -> None:
    from relmark_research.plots.style import MODEL_BAR

    (bar,) = marks.bars(ax, [0], [3], MODEL_BAR)
    assert bar.get_facecolor()[3] == 0
    assert bar.get_hatch() == MODEL_BAR.hatch


def test_a_text_beside_each_row_stands_at_its_place(ax) -> None:
    marks.label_rows(ax, [0, 2.5], ["one", "two"])
    assert [(text.get_text(), text.xy) for text in ax.texts] == [("one", (1, 0)), ("two", (1, 2.5))]
    assert ax.texts[0].xycoords == ("axes fraction", "data")


def test_ticks_are_few_and_written_for_their_quantity(ax) -> None:
    ax.plot([0, 1200], [0, 1])
    marks.count_axis(ax.xaxis)
    marks.percent_axis(ax.yaxis, n_ticks=2)
    assert (drawn.tick(ax.xaxis, 1200), drawn.tick(ax.yaxis, 0.25)) == ("1,200", "25%")
    assert ax.xaxis.get_major_locator().tick_values(0, 1200).tolist() == [
        0, 250, 500, 750, 1000, 1250,
    ]  # fmt: skip
    assert ax.yaxis.get_major_locator().tick_values(0, 1).tolist() == [0, 0.5, 1]


def test_a_logarithmic_axis_has_plain_numbers_at_1_2_and_5(ax) -> None:
    ax.plot([1, 1000], [0, 1])
    marks.log_axis(ax)
    assert ax.get_xscale() == "log"
    found = ax.xaxis.get_major_locator().tick_values(1, 100)
    assert {1, 2, 5, 10, 20, 50, 100} <= set(found.round(9))
    assert drawn.tick(ax.xaxis, 1000.0) == "1,000"
    assert ax.xaxis.get_minor_formatter()(3, 0) == ""


def test_axes_are_named(ax) -> None:
    marks.name_axes(ax, x="Weeks", y="Customers")
    assert drawn.names(ax) == ("Weeks", "Customers")
    assert ax.yaxis.label.get_rotation() == 0


@pytest.mark.parametrize(
    ("heights", "limits"), [([1, 2], (0, 2.1 * 1.04)), ([-2, 2], (-2.2 - 0.08 * 4.4, 2.2 * 1.04))]
)
def test_labels_of_bars_have_room(ax, heights, limits) -> None:
    made = ax.bar([0, 1], heights)
    ax.set_ylim(*((0, 2.1) if min(heights) > 0 else (-2.2, 2.2)))
    marks.label_bars(ax, made, ["a", "b"])
    assert drawn.texts(ax) == ["a", "b"]
    assert ax.get_ylim() == pytest.approx(limits)


def test_bars_below_0_keep_0_as_their_upper_end(ax) -> None:
    made = ax.bar([0], [-2])
    ax.set_ylim(-2, 0)
    marks.label_bars(ax, made, ["a"])
    assert ax.get_ylim() == pytest.approx((-2.16, 0))


def test_whiskers_are_upright_or_not(ax) -> None:
    low, high = pd.Series([1.0]), pd.Series([3.0])
    marks.whiskers(ax, [7], low, high)
    marks.whiskers(ax, [8], low, high, upright=False)
    upright, across = (each.get_segments()[0].tolist() for each in ax.collections)
    assert (upright, across) == ([[7, 1], [7, 3]], [[1, 8], [3, 8]])
