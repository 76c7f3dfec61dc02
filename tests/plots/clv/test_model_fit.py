import numpy as np
import pytest

from relmark_research.errors import DataError
from relmark_research.plots.clv import (
    describe_frequency_fit,
    describe_parameter_intervals,
    frequency_fit,
    parameter_intervals,
)


def test_bars_stand_side_by_side(fitted, ax) -> None:
    frequency_fit(fitted, ax=ax)
    actual, expected = ax.containers
    assert [bar.get_height() for bar in actual] == fitted["actual"].tolist()
    assert [bar.get_height() for bar in expected] == fitted["expected"].tolist()
    for left, right in zip(actual, expected, strict=True):
        assert left.get_x() + left.get_width() <= right.get_x() + 0.025


def test_fit_in_words(fitted) -> None:
    # |62-60| + |27-30| + |11-10| = 6, half of it of 100 customers
    assert describe_frequency_fit(fitted) == (
        "Customers by repeat purchases, actual and expected: 60 actual and 62 expected with 0. "
        "Over all rows the model misplaces 3% of 100 customers."
    )


def test_dots_and_whiskers_are_the_table(parameters, ax) -> None:
    parameter_intervals(parameters, level=0.9, ax=ax)
    (dots,) = ax.lines
    np.testing.assert_array_equal(dots.get_xdata(), parameters["estimate"])
    (whiskers,) = ax.collections
    ends = np.array([segment[:, 0] for segment in whiskers.get_segments()])
    np.testing.assert_array_equal(ends, parameters[["low", "high"]])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["r", "alpha", "a", "b"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    assert ax.get_xscale() == "log"
    assert ax.get_xlabel() == "Estimate and 90% interval, logarithmic"
    assert ax.texts[0].get_text() == "0.243  (0.219 to 0.269)"


def test_an_interval_through_zero_gets_a_linear_axis(parameters, ax) -> None:
    parameters.loc["b", "low"] = -0.1
    parameter_intervals(parameters, ax=ax)
    assert ax.get_xscale() == "linear"
    assert ax.get_xlabel() == "Estimate and interval"


@pytest.mark.parametrize("draw", [parameter_intervals, describe_parameter_intervals])
def test_an_estimate_outside_its_interval_is_refused(parameters, draw) -> None:
    parameters.loc["a", "low"] = 0.9
    with pytest.raises(DataError, match=r"1 rows otherwise, first 'a': 0.9, 0.793, 1.255"):
        draw(parameters)


def test_intervals_in_words(parameters) -> None:
    assert describe_parameter_intervals(parameters.iloc[:2], level=0.95) == (
        "Dots with 95% intervals: r 0.243 (0.219 to 0.269); alpha 4.41 (3.73 to 5.22)."
    )
