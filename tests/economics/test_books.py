import numpy as np
import pandas as pd
import pytest

from relmark_research.customers.log.datasets import load_sample
from relmark_research.customers.log.open_table import column_by_customer, opened
from relmark_research.economics.budget.spend_ledger import Books
from relmark_research.economics.budget.unit_costs import payback, payback_table, unit_costs
from relmark_research.economics.claims import retaining_is_cheaper
from relmark_research.errors import DataError, ParameterError


@pytest.fixture
def table() -> pd.DataFrame:
    return load_sample("books")


@pytest.fixture
def one() -> pd.DataFrame:
    return load_sample("books").query("channel == 'web'").drop(columns="channel")


def test_books_are_read_from_a_table_a_file_and_a_name(table, tmp_path) -> None:
    table.to_csv(tmp_path / "books.csv", index=False)
    table.to_parquet(tmp_path / "books.parquet")
    read = [
        Books.of(source, by="channel").table
        for source in (table, tmp_path / "books.csv", tmp_path / "books.parquet", "sample:books")
    ]
    for other in read[1:]:
        pd.testing.assert_frame_equal(other, read[0], check_dtype=False)
    assert Books.of(table, by="channel").periods_per_year == 4
    with pytest.raises(DataError, match="found no file"):
        opened(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("written", "per_year"),
    [
        ([f"{2022 + q // 4}-{3 * (q % 4) + 1:02d}-01" for q in range(12)], 4),
        ([f"2022-{m:02d}" for m in range(1, 13)], 12),
        ([str(2010 + y) for y in range(12)], 1),
    ],
)
def test_periods_of_every_kind(one, written, per_year) -> None:
    assert Books.of(one.assign(quarter=written)).periods_per_year == per_year


def test_own_names_and_the_last_day(one) -> None:
    renamed = one.rename(columns={"customers_won": "neukunden"})
    books = Books.of(renamed, names={"customers_won": "neukunden"})
    assert len(books.until("2023-02-01").table) == 4
    assert books.until("2022-12-31").table["period"].iloc[-1] == pd.Period("2022Q4")
    with pytest.raises(DataError, match="no period of the books was over on 2022-01-31"):
        books.until("2022-01-31")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"customers_kept": 1600},
            r"customers_kept cannot be more than customers_at_risk; found 1",
        ),
        ({"customers_won": 99_999}, r"customers_won cannot be more than prospects_reached"),
        ({"acquisition_spend": -1}, r"acquisition_spend must be 0 or more; found 1 rows of 12"),
        ({"retention_spend": np.nan}, r"retention_spend must be numbers without gaps; found 1"),
        ({"prospects_reached": 0, "customers_won": 0}, "acquisition_spend needs prospects_reached"),
    ],
)
def test_impossible_rows_are_named(one, change, words) -> None:
    wrong = one.reset_index(drop=True).astype(dict.fromkeys(change, float))
    wrong.loc[3, list(change)] = list(change.values())
    with pytest.raises(DataError, match=words):
        Books.of(wrong)


def test_missing_and_repeated_periods_are_named(table) -> None:
    gap = table[~((table["quarter"] == "2023Q2") & (table["channel"] == "fair"))]
    with pytest.raises(DataError, match=r"every period.*1 of 'fair' missing, first: 2023Q2"):
        Books.of(gap, by="channel")
    with pytest.raises(DataError, match="each period may stand once per segment"):
        Books.of(table)
    with pytest.raises(DataError, match=r"no column 'chanel'.*Did you mean 'channel'"):
        Books.of(table, by="chanel")
    with pytest.raises(DataError, match="periods must be quarters"):
        Books.of(table.assign(quarter="spring"), by="channel")


def test_average_costs_are_what_the_books_say(table) -> None:
    costs = unit_costs(table, by="channel", recent=4)
    last = table[table["quarter"].str.startswith("2024")]
    sums = last[["acquisition_spend", "customers_won", "retention_spend", "customers_kept"]].sum()
    won = sums["acquisition_spend"] / sums["customers_won"]
    kept = sums["retention_spend"] / sums["customers_kept"]
    assert costs.loc["all", "cost_per_won"] == pytest.approx(won)
    assert costs.loc["all", "cost_ratio"] == pytest.approx(won / kept)
    for name in ("cost_per_won", "cost_per_kept", "cost_ratio", "marginal_cost_won",
                 "marginal_cost_kept", "marginal_ratio"):  # fmt: skip
        assert (costs[f"{name}_low"] < costs[name]).all()
        assert (costs[name] < costs[f"{name}_high"]).all()


def test_the_next_customer_costs_what_the_truth_says(table) -> None:
    """Truth of the sample: ceiling x (1 - exp(-k spend)); 1 / slope at today's spend."""
    truth = {"web": (0.08, 0.62), "mail": (0.09, 0.325), "referral": (0.3, 0.24),
             "fair": (0.2, 0.069), "field": (0.4, 0.0089)}  # fmt: skip
    costs = unit_costs(table, by="channel")
    inside = 0
    for channel, (ceiling, k) in truth.items():
        rows = table[table["channel"] == channel]
        spend = rows["acquisition_spend"].sum() / rows["prospects_reached"].sum()
        cost = np.exp(k * spend) / (ceiling * k)
        row = costs.loc[channel]
        inside += row["marginal_cost_won_low"] <= cost <= row["marginal_cost_won_high"]
    assert inside >= 4


def test_without_varied_spend_there_is_no_marginal_cost_and_a_note(one) -> None:
    flat = one.assign(acquisition_spend=one["prospects_reached"] * 1.5)
    costs = unit_costs(flat)
    assert np.isnan(costs.loc["all", "marginal_cost_won"])
    assert np.isfinite(costs.loc["all", "marginal_cost_kept"])
    assert "no curve of acquisition: a curve needs at least 2 different" in costs["note"]["all"]
    claim = retaining_is_cheaper(costs)
    assert claim.verdict == "cannot be told"
    assert "cannot be told" in claim.sentence


def test_recent_is_checked(table) -> None:
    with pytest.raises(ParameterError, match=r"from 1 to the 12 of the books; found 13"):
        unit_costs(table, by="channel", recent=13)


@pytest.mark.parametrize("retention", [None, 0.6])
@pytest.mark.parametrize("rate", [0.0, 0.15])
def test_payback_is_the_first_month_by_which_it_is_paid(retention, rate) -> None:
    stay = 1 if retention is None else retention ** (1 / 12)
    paid, month = 0.0, 0
    while paid < 90:
        month += 1
        paid += 10 * stay ** (month - 1) / (1 + rate) ** (month / 12)
    found = payback(90, 120, retention_rate=retention, annual_discount_rate=rate)
    assert found.months == month


def test_never_is_said() -> None:
    never = payback(300, 120, retention_rate=0.3)
    assert never.never and str(never) == "never"
    assert str(payback(0, 120)) == "0 months" and str(payback(10, 120)) == "1 month"
    table = payback_table(300, 120, retention_rate=0.3, annual_discount_rate=0.1)
    assert table["payback"].tolist() == ["30 months", "35 months", "never", "never"]
    assert payback(10, 120, retention_rate=0.0).months == 1
    late = payback(120_100, 1200)
    assert (late.months, str(late), late.never) == (1201, "more than 100 years", False)
    assert str(payback(120_000, 1200)) == "1200 months"


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((-1, 120), {}, "acquisition cost is 0 or more; found -1"),
        ((90, 0), {}, "margin is money"),
        (("90", 120), {}, "acquisition cost is 0 or more; found the text '90'"),
        ((np.inf, 120), {}, "acquisition cost is 0 or more; found inf"),
        ((90, "120"), {}, "a margin is money .*found the text '120'"),
        ((90, 120), {"retention_rate": "0.8"}, "a retention rate is .*found the text '0.8'"),
        ((90, 120), {"retention_rate": 1}, r"\[0, 1\)"),
        ((90, 120), {"annual_discount_rate": 10}, r"Did you mean 0\.1"),
    ],
)
def test_impossible_paybacks_are_refused(arguments, options, words) -> None:
    with pytest.raises(ParameterError, match=words):
        payback(*arguments, **options)


def test_columns_by_customer() -> None:
    channels = column_by_customer("sample:customers", "channel")
    assert channels.index[0] == "C00001"
    with pytest.raises(DataError, match="needs the columns customer_id and colour"):
        column_by_customer("sample:customers", "colour")


def test_segments_without_a_name_or_with_that_of_the_total_are_refused(table) -> None:
    nameless = table.assign(channel=table["channel"].where(table.index != 3))
    with pytest.raises(DataError, match="1 of 60 have no channel, first in row 3"):
        Books.of(nameless, by="channel")
    with pytest.raises(DataError, match=r"no segment may be called 'all'.*12 such rows"):
        Books.of(table.assign(channel=table["channel"].replace("web", "all")), by="channel")


def test_names_that_lead_nowhere_are_refused(one) -> None:
    with pytest.raises(DataError, match="names: no column 'nope'"):
        Books.of(one, names={"retention_spend": "nope"})
    with pytest.raises(DataError, match="twice found: 'retention_spend'"):
        Books.of(one.assign(other=1), names={"retention_spend": "other"})
    with pytest.raises(DataError, match="the books have no rows"):
        Books.of(one.iloc[:0])
