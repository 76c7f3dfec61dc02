"""Plain lines and bars draw what the table holds, and say so."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from relmark_research.errors import DataError
from relmark_research.plots import simple

PATHS = pd.DataFrame(
    {"Anna": [0.8, 0.6, 0.5], "Ben": [0.9, 0.4, 0.1]}, index=pd.Index([0, 5, 9], name="Weeks")
)


def test_lines_are_the_columns_named_at_their_ends():
    ax = simple.lines(PATHS, y="P(alive)", shares=True, ax=Figure().subplots())
    drawn = [line for line in ax.lines if line.get_gid() != "swatch"]
    assert [list(line.get_ydata()) for line in drawn] == [list(PATHS[name]) for name in PATHS]
    assert [text.get_text() for text in ax.texts] == ["Anna", "Ben"]
    assert ax.get_xlabel() == "Weeks"
    assert ax.get_ylim()[0] == 0
    assert len({line.get_linestyle() for line in drawn}) == 2, "colour is not the only mark"


def test_what_is_below_nothing_is_drawn_too():
    ax = simple.lines(pd.Series([-2.0, 3.0], name="profit"), y="USD", ax=Figure().subplots())
    assert ax.get_ylim()[0] < -2


def test_bars_carry_their_figures():
    values = pd.Series({"alive": 1200, "gone": 20.0})
    ax = simple.named_bars(values, y="Customers", ax=Figure().subplots())
    assert [bar.get_height() for bar in ax.patches] == [1200, 20]
    assert [text.get_text() for text in ax.texts] == ["1,200", "20"]
    shares = simple.describe_named_bars(pd.Series({"alive": 0.25}), y="Share", shares=True)
    assert shares == "Bars of share: alive 25%."


def test_what_cannot_be_told_apart_or_read_is_refused():
    with pytest.raises(DataError, match="up to 4 lines; found 5"):
        simple.lines(pd.DataFrame(np.eye(5)), y="x")
    with pytest.raises(DataError, match="needs numbers"):
        simple.lines(pd.Series(["a", "b"], name="word"), y="x")
    with pytest.raises(DataError, match="at least one row"):
        simple.named_bars(pd.Series([], dtype=float), y="x")
