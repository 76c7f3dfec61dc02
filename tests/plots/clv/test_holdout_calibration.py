import numpy as np

from relmark_research.plots.clv import calibration, describe_calibration


def test_both_lines_are_the_table(calibrated, ax) -> None:
    calibration(calibrated, ax=ax)
    actual, expected = (line for line in ax.lines if line.get_gid() != "swatch")
    np.testing.assert_array_equal(actual.get_ydata(), calibrated["actual"])
    np.testing.assert_array_equal(expected.get_ydata(), calibrated["expected"])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "1", "2+"]
    assert not ax.collections


def test_intervals_are_drawn_where_the_table_has_them(calibrated, ax) -> None:
    table = calibrated.assign(
        expected_low=calibrated["expected"] * 0.8, expected_high=calibrated["expected"] * 1.3
    )
    calibration(table, ax=ax)
    (whiskers,) = ax.collections
    ends = np.array([segment[:, 1] for segment in whiskers.get_segments()])
    np.testing.assert_array_equal(ends, table[["expected_low", "expected_high"]])


def test_words(calibrated) -> None:
    assert describe_calibration(calibrated).endswith(
        "0.240 actual, 0.200 expected for customers with 0; 2.40 actual, 2.30 expected for "
        "customers with 2+. The largest error, 0.100, is at 2+."
    )
