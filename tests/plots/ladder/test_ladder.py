"""The pictures of the ladder: all flows, all chances, and the words for them."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from relmark_research.errors import DataError
from relmark_research.plots import ladder as plots


@pytest.fixture
def rungs() -> pd.DataFrame:
    return pd.DataFrame({"rung": ["client", "first-time", "lost"], "rank": [1, 0, -1],
                         "people": [40, 60, 0], "stay": [0.9, 0.7, 1.0]})  # fmt: skip


@pytest.fixture
def flows() -> pd.DataFrame:
    rows = [("first-time", "first-time", 42.0), ("first-time", "client", 12.0),
            ("client", "lost", 0.25), ("lost", "client", 0.05)]  # fmt: skip
    return pd.DataFrame(rows, columns=["origin", "destination", "per_period"])


@pytest.fixture
def cells() -> pd.DataFrame:
    rows = [("first", "first", 0.7, 0.62, 0.77), ("first", "repeat", 0.3, 0.23, 0.38),
            ("repeat", "repeat", 1.0, 0.95, 1.0)]  # fmt: skip
    return pd.DataFrame(rows, columns=["origin", "destination", "probability", "low", "high"])


@pytest.fixture
def cohort() -> pd.DataFrame:
    return pd.DataFrame({"cohort": ["Q1", "Q1", "Q2"], "age": [0, 1, 0],
                         "departures": [50, 40, 150],
                         "climb": [0.3, 0.2, 0.1], "fall": [0.0, 0.1, 0.0]})  # fmt: skip


@pytest.fixture
def followed() -> pd.DataFrame:
    share = np.array([0, 0.02, 0.05])
    table = pd.DataFrame({"periods": [0, 1, 2], "observed": share, "expected": 1.2 * share})
    for name in ("observed", "expected"):
        table[f"{name}_low"], table[f"{name}_high"] = 0.5 * table[name], 1.5 * table[name]
    return table


@pytest.fixture
def values() -> pd.DataFrame:
    return pd.DataFrame({"rung": ["lost", "first", "repeat"], "value": [-2.0, 20.0, 50.0],
                         "low": [-4.0, 15.0, 40.0], "high": [0.0, 25.0, 60.0]})  # fmt: skip


@pytest.fixture
def gains() -> pd.DataFrame:
    rows = [(f"r{k}", f"r{k + k % 2}", 100.0 - k, 90.0 - k, 110.0 - k, 0.1) for k in range(10)]
    columns = ["origin", "destination", "total", "low", "high", "probability_best"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def choice() -> pd.DataFrame:
    return pd.DataFrame([[0.2, 0.8], [0.6, 0.4]], ["first", "repeat"], ["basic", "proactive"])


@pytest.fixture
def drawn(rungs, flows, cells, cohort, followed, values, gains, choice) -> dict:
    return {
        "rungs_and_flows": (rungs, flows), "transition_matrix": (cells,), "cohort_moves": (cohort,),
        "first_passage": (followed,), "rung_values": (values,),
        "transition_sensitivities": (gains,), "level_choice": (choice,),
    }  # fmt: skip


NAMES = [name for name in plots.__all__ if not name.startswith("describe_")]


def test_every_plot_is_here_and_has_its_words(drawn):
    assert set(NAMES) == set(drawn)
    assert {f"describe_{name}" for name in NAMES} == set(plots.__all__) - set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_plots_draw_where_they_are_told_and_leave_nothing_behind(name, drawn, ax):
    settings, tables = dict(mpl.rcParams), drawn[name]
    before = [table.copy() for table in tables]
    assert getattr(plots, name)(*tables, ax=ax) is ax
    assert plt.get_fignums() == []
    assert dict(mpl.rcParams) == settings
    for table, copy in zip(tables, before, strict=True):
        pd.testing.assert_frame_equal(table, copy)
    assert ax.get_xlabel() and ax.get_ylabel()
    assert ax.get_legend() is None


@pytest.mark.parametrize("name", NAMES)
def test_a_new_figure_holds_all_that_is_drawn(name, drawn):
    figure = getattr(plots, name)(*drawn[name]).figure
    figure.canvas.draw()
    tight, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert tight.x0 >= 0 and tight.y0 >= 0 and tight.x1 <= width and tight.y1 <= height
    assert figure.get_facecolor()[3] == 0


@pytest.mark.parametrize("name", NAMES)
def test_words_hold_numbers_and_nothing_missing(name, drawn):
    words = getattr(plots, f"describe_{name}")(*drawn[name])
    assert any(letter.isdigit() for letter in words)
    assert words.endswith(".")
    assert "nan" not in words
    assert 40 < len(words) < 400


@pytest.mark.parametrize("name", NAMES)
def test_empty_tables_are_refused(name, drawn):
    first, *others = drawn[name]
    with pytest.raises(DataError, match=f"^{name} draws"):
        getattr(plots, name)(first.iloc[:0], *others)
    with pytest.raises(DataError, match=f"^{name} draws a pandas DataFrame"):
        getattr(plots, name)([1], *others)
