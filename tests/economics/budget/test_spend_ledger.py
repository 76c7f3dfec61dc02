import numpy as np
import pandas as pd
import pytest

from relmark_research.customers.datasets import load_sample
from relmark_research.economics.budget.spend_ledger import SpendLedger
from relmark_research.errors import DataError, ParameterError
from relmark_research.tables.read_table import column_by_customer, open_table


@pytest.fixture
def table() -> pd.DataFrame:
    return load_sample("books")


@pytest.fixture
def one() -> pd.DataFrame:
    return load_sample("books").query("channel == 'web'").drop(columns="channel")


def test_a_ledger_is_read_from_a_table_a_file_and_a_sample_name(table, tmp_path) -> None:
    table.to_csv(tmp_path / "books.csv", index=False)
    table.to_parquet(tmp_path / "books.parquet")
    read = [
        SpendLedger.from_table(source, by="channel").table
        for source in (table, tmp_path / "books.csv", tmp_path / "books.parquet", "sample:books")
    ]
    for other in read[1:]:
        pd.testing.assert_frame_equal(other, read[0], check_dtype=False)
    assert SpendLedger.from_table(table, by="channel").periods_per_year == 4
    with pytest.raises(DataError, match="there is no file"):
        open_table(tmp_path / "none.csv", "books")


@pytest.mark.parametrize(
    ("written", "per_year"),
    [
        ([f"{2022 + q // 4}-{3 * (q % 4) + 1:02d}-01" for q in range(12)], 4),
        ([f"2022-{m:02d}" for m in range(1, 13)], 12),
        ([str(2010 + y) for y in range(12)], 1),
    ],
)
def test_periods_are_quarters_months_or_years(one, written, per_year) -> None:
    assert SpendLedger.from_table(one.assign(quarter=written)).periods_per_year == per_year


def test_own_column_names_and_complete_periods(one) -> None:
    renamed = one.rename(columns={"customers_won": "neukunden"})
    ledger = SpendLedger.from_table(renamed, names={"customers_won": "neukunden"})
    assert len(ledger.until("2023-02-01").table) == 4
    assert ledger.until("2022-12-31").table["period"].iloc[-1] == pd.Period("2022Q4")
    with pytest.raises(DataError, match="no period of the ledger is complete by 2022-01-31"):
        ledger.until("2022-01-31")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"customers_kept": 1600},
            r"customers_kept must not exceed customers_at_risk; 1 of 12",
        ),
        ({"customers_won": 99_999}, r"customers_won must not exceed prospects_reached"),
        ({"acquisition_spend": -1}, r"acquisition_spend must be 0 or more; 1 of 12 rows"),
        ({"prospects_reached": 0, "customers_won": 0}, "acquisition_spend needs prospects_reached"),
    ],
)
def test_invalid_rows_raise(one, change, words) -> None:
    wrong = one.reset_index(drop=True).astype(dict.fromkeys(change, float))
    wrong.loc[3, list(change)] = list(change.values())
    with pytest.raises(DataError, match=words):
        SpendLedger.from_table(wrong)


def test_duplicated_periods_raise(table) -> None:
    with pytest.raises(DataError, match="each period must occur once per segment"):
        SpendLedger.from_table(table)
    with pytest.raises(DataError, match=r"no column 'chanel'.*Did you mean 'channel'"):
        SpendLedger.from_table(table, by="chanel")
    with pytest.raises(DataError, match="periods must be years"):
        SpendLedger.from_table(table.assign(quarter="spring"), by="channel")


def test_missing_segments_and_the_name_of_the_total_raise(table) -> None:
    nameless = table.assign(channel=table["channel"].replace("web", None))
    assert "not known" in SpendLedger.from_table(nameless, by="channel").segments
    with pytest.raises(DataError, match=r"the firm \('all'\) or by segment, not both; 48 of 60"):
        SpendLedger.from_table(
            table.assign(channel=table["channel"].replace("web", "all")), by="channel"
        )


def test_unknown_and_duplicated_names_raise(one) -> None:
    with pytest.raises(DataError, match="books: no column 'nope'"):
        SpendLedger.from_table(one, names={"retention_spend": "nope"})
    with pytest.raises(DataError, match="found retention_spend more than once after renaming"):
        SpendLedger.from_table(one.assign(other=1), names={"retention_spend": "other"})
    with pytest.raises(DataError, match="at least one period; found no rows"):
        SpendLedger.from_table(one.iloc[:0])


def test_columns_by_customer() -> None:
    channels = column_by_customer("sample:customers", "channel")
    assert channels.index[0] == "C00001"
    with pytest.raises(DataError, match="customers: no column 'colour'"):
        column_by_customer("sample:customers", "colour")


def test_a_ledger_is_cut_by_its_periods_and_summed(table, one) -> None:
    ledger = SpendLedger.from_table(table, by="channel")
    assert SpendLedger.from_table(ledger) is ledger
    assert ledger.until(None) is ledger
    assert ledger.recent(None) is ledger
    count = ledger.table["period"].nunique()
    last = ledger.recent(2).table["period"].drop_duplicates().sort_values()
    assert last.tolist() == sorted(ledger.table["period"].unique())[-2:]
    assert ledger.recent(count).table["period"].nunique() == count
    for periods in (0, count + 1):
        with pytest.raises(
            ParameterError, match=f"1 to the {count} of the ledger; found {periods}"
        ):
            ledger.recent(periods)
    totals = ledger.totals()
    assert totals.index.tolist() == [*ledger.segments, "all"]
    assert totals.loc["all", "acquisition_spend"] == pytest.approx(
        ledger.table["acquisition_spend"].sum()
    )
    alone = SpendLedger.from_table(one)
    assert alone.totals().index.tolist() == ["all"]
    data = alone.binomial_data("all", "acquisition")
    rows = alone.table
    assert list(data.trials) == rows["prospects_reached"].tolist()
    assert list(data.spend) == (rows["acquisition_spend"] / rows["prospects_reached"]).tolist()
    assert f"{count}" in repr(ledger)


def test_periods_are_no_weeks(one) -> None:
    weeks = pd.period_range("2022-01-03", periods=len(one), freq="W")
    with pytest.raises(DataError, match="periods must be months, quarters or years; found period"):
        SpendLedger.from_table(one.assign(quarter=weeks))


def test_any_subset_of_columns_makes_a_ledger(one) -> None:
    counted = ["customers_won", "customers_lost", "closing_customers", "customers_kept"]
    flows = one.assign(customers_lost=one["customers_at_risk"] - one["customers_kept"])
    flows["closing_customers"] = 5000.0
    for name in counted:
        ledger = SpendLedger.from_table(flows[["quarter", name]])
        assert ledger.has(name) and not ledger.has("retention_spend")
        assert ledger.firm().columns.to_list() == [name]
    with pytest.raises(DataError, match="must count customers: at least one of customers_won"):
        SpendLedger.from_table(one[["quarter", "acquisition_spend"]])
    with pytest.raises(DataError, match=r"unit_costs needs retention_spend, customers_at_risk"):
        ledger = SpendLedger.from_table(one.drop(columns=["retention_spend", "customers_at_risk"]))
        ledger.require(
            "customers_won", "retention_spend", "customers_at_risk", purpose="unit_costs"
        )


def test_blank_cells_and_missing_periods_are_known_as_such(table) -> None:
    gap = table[table["quarter"] != "2023Q2"].reset_index(drop=True)
    gap.loc[(gap["quarter"] == "2023Q3") & (gap["channel"] == "fair"), "customers_won"] = np.nan
    ledger = SpendLedger.from_table(gap, by="channel")
    assert ledger.missing_periods == ["2023Q2"]
    firm = ledger.firm()["customers_won"]
    assert firm.isna().to_list() == [str(period) == "2023Q3" for period in firm.index]
    assert len(ledger.binomial_data("fair", "acquisition").spend) == 10
    assert len(ledger.binomial_data("fair", "retention").spend) == 11


def test_the_last_publication_of_a_period_counts(one) -> None:
    first = one.assign(published="2025-01-31")
    revised = one.iloc[[4]].assign(published="2025-05-01", customers_won=777)
    ledger = SpendLedger.from_table(pd.concat([revised, first]))
    assert (ledger.restated, len(ledger.table)) == (1, 12)
    assert ledger.table["customers_won"].to_list()[4] == 777
    with pytest.raises(DataError, match="each period must be published once a day"):
        SpendLedger.from_table(pd.concat([first, first]))


def test_what_is_known_of_the_firm_only_stands_beside_its_channels(table) -> None:
    """Spend and customers won by channel; losses and customers of the firm as a whole."""
    spends = table[["quarter", "channel", "acquisition_spend", "customers_won"]]
    firm = pd.DataFrame({"quarter": table["quarter"].unique(), "channel": "all"})
    firm["customers_lost"], firm["closing_customers"] = 400.0, 9000.0
    ledger = SpendLedger.from_table(pd.concat([spends, firm]), by="channel")
    assert "all" not in ledger.segments and len(ledger.segments) == 5
    known = ledger.firm()
    assert known["closing_customers"].to_list() == [9000.0] * 12
    by_quarter = table.groupby("quarter")["customers_won"].sum()
    assert known["customers_won"].to_list() == by_quarter.to_list()
    assert ledger.totals().loc["all", "customers_lost"] == 4800


def test_a_recipe_gives_source_and_columns(one, tmp_path) -> None:
    one.rename(columns={"customers_won": "ADD"}).to_csv(tmp_path / "b.csv", index=False)
    ledger = SpendLedger.from_table(
        {"source": str(tmp_path / "b.csv"), "columns": {"customers_won": "ADD"}}
    )
    assert ledger.table["customers_won"].to_list() == one["customers_won"].to_list()


def test_a_rate_in_a_column_of_customers_is_refused() -> None:
    books = {"quarter": ["2024Q1", "2024Q2"], "customers_won": [70, 90],
             "customers_lost": [0.04, 0.05], "closing_customers": [1030, 1070]}  # fmt: skip
    with pytest.raises(
        DataError, match=r"customers_lost must count customers.*customers_lost 0.04"
    ):
        SpendLedger.from_table(pd.DataFrame(books))
    thousands = {**books, "customers_won": [0.07, 0.09], "closing_customers": [1.03, 1.07]}
    assert SpendLedger.from_table(pd.DataFrame(thousands)).has("customers_lost")


def test_the_columns_that_may_count_customers_are_suggested() -> None:
    with pytest.raises(DataError, match="Did you mean 'customers_won' by 'customer_won'"):
        SpendLedger.from_table(pd.DataFrame({"quarter": ["2024Q1"], "customer_won": [70]}))


@pytest.mark.parametrize(
    ("labels", "period"),
    [(["2021Q4", "2022Q4", "2023Q4"], "year"), (["2022-12", "2023-12"], "year")],
)
def test_periods_that_are_all_a_longer_one_apart_are_refused(labels, period) -> None:
    books = pd.DataFrame({"quarter": labels, "customers_won": 70, "customers_lost": 40})
    with pytest.raises(DataError, match=f"all a {period} apart"):
        SpendLedger.from_table(books)


def test_a_segment_that_is_the_sum_of_the_others_is_refused() -> None:
    counts = {"customers_won": [70, 90], "customers_lost": [40, 50]}
    web = pd.DataFrame({"quarter": ["2024Q1", "2024Q2"], "channel": "web", **counts})
    shop = web.assign(channel="shop", customers_won=[5, 6], customers_lost=[3, 3])
    both = web.assign(channel="Total", customers_won=[75, 96], customers_lost=[43, 53])
    for rows in ([web, shop, both], [web, web.assign(channel="Total")]):
        with pytest.raises(DataError, match="found 'Total', whose numbers are the sum"):
            SpendLedger.from_table(pd.concat(rows), by="channel")
    for rows in ([web, shop], [web, web.assign(channel="shop")]):
        assert len(SpendLedger.from_table(pd.concat(rows), by="channel").segments) == 2
    with pytest.raises(DataError, match="has a column channel: name it with by='channel'"):
        SpendLedger.from_table(pd.concat([web, shop]))
