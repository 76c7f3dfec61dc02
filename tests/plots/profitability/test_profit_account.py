import pandas as pd
import pytest
from matplotlib.colors import same_color

from relmark_research.plots.profitability import describe_profit_items, profit_items
from relmark_research.plots.style import BLUE, ORANGE
from tests.plots.drawn import bars, limits, lines, names, needs, size, texts, tick, ticks


@pytest.fixture
def account() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "item": ["revenue", "acquisition", "handling", "goods", "rent", "profit"],
            "money": [1000.0, -100.0, 0.0, -700.0, -50.0, 150.0],
            "share": [1, -0.1, 0, -0.7, -0.05, 0.15],
        }
    )


def test_bars_begin_where_the_last_one_ended(account, ax):
    profit_items(account, "EUR", ax=ax)
    spans = {round(y + 0.31): tuple(sorted((x, x + width))) for x, y, width, _ in bars(ax)}
    assert spans == {0: (0, 1000), 1: (900, 1000), 2: (200, 900), 3: (150, 200), 4: (0, 150)}
    assert lines(ax) == [([0, 0], [0, 1])]
    assert limits(ax)[1] == [4.5, -0.6]


def test_totals_and_deductions_are_told_apart_without_colour(account, ax):
    profit_items(account, ax=ax)
    totals, deductions = ax.patches[:2], ax.patches[2:]
    assert {bar.get_hatch() for bar in totals} == {""}
    assert {bar.get_hatch() for bar in deductions} == {"////"}
    assert same_color([bar.get_facecolor() for bar in totals], [BLUE, BLUE])
    assert {bar.get_facecolor()[3] for bar in deductions} == {0}
    assert same_color([bar.get_edgecolor() for bar in deductions], [ORANGE] * 3)


def test_items_of_nothing_are_left_out_and_the_others_named_with_their_share(account, ax):
    profit_items(account, "EUR", ax=ax)
    assert ticks(ax.yaxis) == {
        "revenue": 0, "customer acquisition": 1, "cost of goods": 2, "rent": 3, "profit": 4,
    }  # fmt: skip
    assert texts(ax) == [
        "€1,000  (100%)", "−€100.00  (10%)", "−€700.00  (70%)", "−€50.00  (5%)", "€150.00  (15%)",
    ]  # fmt: skip
    assert [text.xy[1] for text in ax.texts] == [0, 1, 2, 3, 4]
    assert names(ax) == ("Money (EUR)", "Item, and its share of revenue")
    assert tick(ax.xaxis, 1200) == "1,200"
    assert size(profit_items(account)) == [7, 4]  # 1.4 + 0.52 * 5


def test_revenue_and_profit_of_nothing_are_kept(account, ax):
    profit_items(account.assign(money=[0.0, -100, 0, 0, 0, 0]), ax=ax)
    assert list(ticks(ax.yaxis)) == ["revenue", "customer acquisition", "profit"]


def test_words(account):
    assert describe_profit_items(account, "EUR") == (
        "Bars from revenue of €1,000 to profit of €150.00, 15% of it. Largest deduction: cost of "
        "goods, €700.00; then customer acquisition, €100.00."
    )
    assert describe_profit_items(account.iloc[[0, 4, 5]], "EUR").endswith(
        "15% of it. Largest deduction: rent, €50.00."
    )
    assert describe_profit_items(account.iloc[[0, 5]]).endswith("15% of it. No deduction.")


def test_a_table_without_one_of_its_columns_is_refused(account):
    needs([profit_items, describe_profit_items], account)
