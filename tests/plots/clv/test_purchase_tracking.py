import numpy as np
import pytest
from matplotlib.dates import date2num

from relmark_research.errors import DataError, ParameterError
from relmark_research.plots.clv import describe_tracking, tracking
from relmark_research.plots.style import BLUE, TEXT


def lines(ax):
    return [line for line in ax.lines if line.get_gid() != "swatch"]


@pytest.mark.parametrize(("kind", "prefix"), [("cumulative", "cumulative_"), ("incremental", "")])
def test_both_lines_are_the_table(tracked, ax, kind, prefix) -> None:
    tracking(tracked, kind=kind, unit="quarter", ax=ax)
    actual, expected, _ = lines(ax)
    assert (actual.get_color(), expected.get_color()) == (TEXT, BLUE)
    np.testing.assert_array_equal(actual.get_ydata(), tracked[f"{prefix}actual"])
    np.testing.assert_array_equal(expected.get_ydata(), tracked[f"{prefix}expected"])
    np.testing.assert_array_equal(date2num(actual.get_xdata()), date2num(tracked["time"]))


def test_the_interval_is_a_band_where_the_table_has_it(tracked, ax) -> None:
    tracking(tracked, kind="incremental", ax=ax)
    (band,) = ax.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert heights.min() == tracked["expected_low"].min()
    assert heights.max() == tracked["expected_high"].max()
    plain = tracking(tracked.drop(columns="expected_low"), kind="incremental")
    assert not plain.collections


def test_the_end_of_calibration_is_marked_and_named(tracked, ax) -> None:
    tracking(tracked, ax=ax)
    boundary = lines(ax)[-1]
    assert date2num(boundary.get_xdata()[0]) == date2num(np.datetime64("1997-06-30"))
    assert {"Calibration", "Holdout"} <= {text.get_text() for text in ax.texts}


def test_without_a_holdout_nothing_is_marked(tracked, ax) -> None:
    tracking(tracked.iloc[:2], ax=ax)
    assert len(lines(ax)) == 2
    assert {text.get_text() for text in ax.texts} == {"Actual", "Expected"}


def test_words(tracked) -> None:
    assert describe_tracking(tracked) == (
        "Actual and expected repeat purchases since the start, to 31 December 1997: 45 actual and "
        "43 expected. In the holdout after 30 June 1997 there were 21 purchases; the forecast was "
        "19, 10% fewer."
    )
    assert "repeat purchases per quarter" in describe_tracking(
        tracked, kind="incremental", unit="quarter"
    )
    assert "holdout" not in describe_tracking(tracked.iloc[:2])


def test_a_holdout_in_which_nothing_happened_has_words_too(tracked) -> None:
    tracked.loc[tracked["phase"] == "holdout", "actual"] = 0
    assert describe_tracking(tracked).endswith("the forecast was 19.")


def test_refusals(tracked) -> None:
    with pytest.raises(ParameterError, match=r"no kind of tracking 'cumulativ'.*'cumulative'"):
        tracking(tracked, kind="cumulativ")
    with pytest.raises(DataError, match="found 'training' in 2 rows"):
        tracking(tracked.replace({"phase": {"calibration": "training"}}))
