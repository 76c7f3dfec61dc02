"""Pictures of partners: what they draw, say and refuse."""

import pandas as pd
import pytest
from matplotlib.axes import Axes

from relmark_research.errors import DataError
from relmark_research.plots import partners as plots

PATHS = pd.DataFrame(
    {
        "cause": ["trust", "mutual_interest"], "effect": ["commitment"] * 2,
        "path": [0.5, -0.1], "path_low": [0.4, -0.3], "path_high": [0.6, 0.1],
    }
)  # fmt: skip
TIES = pd.DataFrame(
    {"change": [-0.1, -0.09], "change_low": [-0.12, -0.15], "change_high": [-0.08, -0.04]},
    index=["technical_tie", "quality"],
)
WEAK = pd.DataFrame(
    {
        "name": [f"Mill {n}" for n in range(20)], "saving": range(120, 100, -1),
        "saving_low": range(100, 80, -1), "saving_high": range(140, 120, -1), "share": 0.3,
    }
)  # fmt: skip
TIMES = pd.DataFrame(
    {
        "constituency": ["employee", "investor"], "partners": [14, 9], "response_days": [1.4, 8.2],
        "response_days_low": [1.1, 6.2], "response_days_high": [1.7, 10.9],
    }
)  # fmt: skip
PAGE = pd.DataFrame(
    {
        "value": [4.0, 4.6, 2.0], "low": [3.6, 4.2, None], "high": [4.4, 5.0, None],
        "peers": [4.6, 4.6, 3.0], "standing": ["weak", "like its peers", "weak"],
    },
    index=["trust", "mutual_interest", "social_tie"],
)  # fmt: skip
CASES = [
    (plots.path_coefficients, plots.describe_path_coefficients, PATHS, "path"),
    (plots.tie_effects, plots.describe_tie_effects, TIES, "change"),
    (plots.weak_partners, plots.describe_weak_partners, WEAK, "saving"),
    (plots.response_times, plots.describe_response_times, TIMES, "response_days"),
    (plots.scorecard, plots.describe_scorecard, PAGE, "value"),
]


@pytest.mark.parametrize(("draw", "describe", "table", "column"), CASES)
def test_draws_on_the_axes_it_is_given_and_says_it(draw, describe, table, column, ax: Axes):
    before = table.copy()
    assert draw(table, ax=ax) is ax
    assert ax.get_xlabel() and ax.get_ylabel()
    assert len(describe(table)) > 40
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize(("draw", "describe", "table", "column"), CASES)
def test_refuses_what_it_cannot_draw(draw, describe, table, column):
    for function in (draw, describe):
        with pytest.raises(DataError, match=column):
            function(table.drop(columns=column))
