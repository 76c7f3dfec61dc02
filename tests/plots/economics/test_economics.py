"""Pictures of spending: every plot's manners, and what each one draws and says."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from relmark_research.errors import DataError
from relmark_research.plots import economics as plots


@pytest.fixture
def returns() -> pd.DataFrame:
    index = pd.MultiIndex.from_product(
        [["web", "fair"], ["acquisition", "retention"]], names=["segment", "purpose"]
    )
    value = np.array([4.6, 2.0, 5.4, 8.2])
    columns = {
        "marginal_return": value,
        "marginal_return_low": 0.7 * value,
        "marginal_return_high": 1.4 * value,
    }
    return pd.DataFrame(columns, index=index)


@pytest.fixture
def allocation(returns) -> pd.DataFrame:
    best = np.array([104.0, 85, 108, 93])
    columns = {"today": [139.0, 154, 119, 77], "best": best, "best_low": best - 30}
    return pd.DataFrame({**columns, "best_high": best + 30}, index=returns.index)


@pytest.fixture
def curves() -> pd.DataFrame:
    spend = np.linspace(0, 3, 7)
    parts = []
    for purpose, ceiling in (("acquisition", 0.1), ("retention", 0.8)):
        rate = ceiling * -np.expm1(-spend)
        columns = {"spend": spend, "rate": rate, "rate_low": 0.9 * rate, "rate_high": 1.1 * rate}
        parts.append(
            pd.DataFrame(columns).assign(segment="web", purpose=purpose, today=spend == 1.5)
        )
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def data(curves) -> pd.DataFrame:
    return curves[curves["spend"] > 0][["segment", "purpose", "spend", "rate"]]


@pytest.fixture
def surface() -> pd.DataFrame:
    kept, won = np.linspace(0, 20, 9), np.linspace(0, 4, 8)
    return pd.DataFrame(np.outer(5 + kept, won) - won**2, index=kept, columns=won)


@pytest.fixture
def points() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "label": ["today", "best"],
            "acquisition_spend": [1.0, 3.4],
            "retention_spend": [8.0, 15.8],
            "customer_equity": [2.76, 5.78],
        }
    )


@pytest.fixture
def drivers() -> pd.DataFrame:
    return pd.DataFrame(
        {"equity_today": 100.0, "equity_at_low": [99.0, 90], "equity_at_high": [103.0, 112]},
        index=["cost", "margin"],
    )


@pytest.fixture
def drawings(returns, allocation, curves, data, surface, points, drivers):
    one = curves[curves["purpose"] == "acquisition"]
    return {
        "marginal_returns": (returns,),
        "budget_allocation": (allocation,),
        "response_curve": (one, data[data["purpose"] == "acquisition"]),
        "equity_surface": (surface, points),
        "tornado": (drivers,),
    }


NAMES = ["marginal_returns", "budget_allocation", "response_curve", "equity_surface", "tornado"]


def test_every_plot_has_its_words() -> None:
    drawn = {name for name in plots.__all__ if not name.startswith("describe_")}
    assert drawn == {*NAMES, "response_curves"}
    assert {f"describe_{name}" for name in drawn} <= set(plots.__all__)


@pytest.mark.parametrize("name", NAMES)
def test_manners(name, drawings, ax) -> None:
    tables = drawings[name]
    before = [table.copy() for table in tables]
    settings = dict(mpl.rcParams)
    assert getattr(plots, name)(*tables, ax=ax) is ax
    assert plt.get_fignums() == [] and dict(mpl.rcParams) == settings
    assert ax.get_xlabel() and ax.get_ylabel() and ax.get_legend() is None
    for table, kept in zip(tables, before, strict=True):
        pd.testing.assert_frame_equal(table, kept)
    figure = getattr(plots, name)(*tables).figure
    figure.canvas.draw()
    tight, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert tight.x0 >= 0 and tight.y0 >= 0 and tight.x1 <= width and tight.y1 <= height


@pytest.mark.parametrize("name", NAMES)
def test_words_are_sentences_with_numbers(name, drawings) -> None:
    words = getattr(plots, f"describe_{name}")(*drawings[name])
    assert words.endswith(".") and any(letter.isdigit() for letter in words)
    assert 40 < len(words) < 400 and "nan" not in words


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_table_is_refused(name, drawings) -> None:
    first, *rest = drawings[name]
    with pytest.raises(DataError, match=rf"^{name} draws .*at least one row"):
        getattr(plots, name)(first.iloc[:0], *rest)
