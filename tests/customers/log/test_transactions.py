import math
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError
from tests.customers import slow_reference

START = date(2023, 12, 20)  # so that logs cross a new year and a leap day
quick = settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)

customer_ids = st.sampled_from(["007", "7", "Ælfrēd", "顧客", "a b", "O'Brien; DROP"])
row = st.tuples(
    customer_ids,
    st.integers(0, 120).map(lambda ahead: START + timedelta(days=ahead)),
    st.integers(-3000, 9000),
)
logs = st.lists(row, min_size=1, max_size=40).filter(lambda rows: any(r[2] >= 0 for r in rows))


def frame(rows) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["customer_id", "date", "value"])
    return table.assign(value=table["value"] / 100, date=pd.to_datetime(table["date"]))


def as_dict(summary) -> dict:
    return {
        customer: (x, t_x, T, None if math.isnan(m) else m)
        for customer, x, t_x, T, m in summary.table[
            ["frequency", "recency", "T", "monetary_value"]
        ].itertuples()
    }


def assert_same(found: dict, expected: dict) -> None:
    assert found.keys() == expected.keys()
    for customer, (x, t_x, T, m) in expected.items():
        assert found[customer][:3] == (x, t_x, T)
        assert found[customer][3] == (m if m is None else pytest.approx(m, abs=1e-12))


@quick
@given(logs, st.sampled_from([("day", 1), ("week", 7)]))
def test_the_engine_agrees_with_plain_python(rows, unit):
    expected = slow_reference.summary(rows, max(r[1] for r in rows), unit[1])
    log = rm.read_transactions(frame(rows))
    if not expected:
        with pytest.raises(DataError, match="no customer"):
            log.customer_summary(unit=unit[0])
        return
    assert_same(as_dict(log.customer_summary(unit=unit[0])), expected)


@quick
@given(logs, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows, random):
    shuffled = random.sample(rows, len(rows))
    first, second = rm.read_transactions(frame(rows)), rm.read_transactions(frame(shuffled))
    pd.testing.assert_frame_equal(
        first.days.order_by("customer_id", "date").to_pandas(),
        second.days.order_by("customer_id", "date").to_pandas(),
    )


@quick
@given(logs, st.integers(-4000, 400))
def test_shifting_the_calendar_changes_nothing(rows, shift):
    rows = [(c, d, abs(v)) for c, d, v in rows]
    moved = [(c, d + timedelta(days=shift), v) for c, d, v in rows]
    original = rm.read_transactions(frame(rows)).customer_summary(unit="day")
    shifted = rm.read_transactions(frame(moved)).customer_summary(unit="day")
    pd.testing.assert_frame_equal(original.table, shifted.table)


@quick
@given(logs)
def test_dates_as_text_with_a_format_are_parsed_dates(rows):
    table = frame(rows)
    text = table.assign(date=table["date"].dt.strftime("%d.%m.%Y"))
    options = rm.ReadOptions(date_format="%d.%m.%Y")
    read = rm.read_transactions(text, options=options)
    pd.testing.assert_frame_equal(read.to_pandas(), rm.read_transactions(table).to_pandas())


@quick
@given(logs)
def test_the_audit_accounts_for_every_row(rows):
    rows = [*rows, ("", START, 100)]
    audit = rm.read_transactions(frame(rows)).audit.set_index("check")
    out = audit.loc[audit["action"] == "left out", "rows"].sum()
    assert audit.loc["rows read", "rows"] == len(rows)
    assert audit.loc["rows read", "rows"] == audit.loc["rows used", "rows"] + out


def test_same_day_purchases_merge():
    rows = [("a", START, 100), ("a", START, 250), ("a", START + timedelta(days=7), 400)]
    table = rm.read_transactions(frame(rows)).customer_summary().table
    assert table.loc["a", ["frequency", "recency", "T", "monetary_value"]].to_list() == [1, 1, 1, 4]


class TestCdnow:
    """The counts that the literature prints, from the raw log."""

    @pytest.fixture(scope="class")
    @classmethod
    def split(cls):
        return rm.load_cdnow().split(at="1997-09-30", unit="week")

    def test_calibration(self, split):
        x = split.calibration.table["frequency"]
        assert (len(x), x.sum(), (x > 0).sum()) == (2357, 2457, 946)

    def test_holdout(self, split):
        assert split.holdout["purchases"].sum() == 1882
        assert (split.length, split.new_customers) == (39, 0)
        assert (split.holdout.index == split.calibration.table.index).all()

    def test_spend_of_the_repeaters(self, split):
        """Fader & Hardie, note 025: n 946, mean 35, sd 30, min 3, median 27, max 300."""
        spend = split.calibration.table["monetary_value"].describe()
        found = [round(spend[key]) for key in ("count", "mean", "std", "min", "50%", "max")]
        assert found == [946, 35, 30, 3, 27, 300]

    def test_zero_values_are_told(self):
        audit = rm.load_cdnow().audit.set_index("check")
        assert audit.loc["zero value", "rows"] == 8

    def test_distinct_histories_are_the_summary_collapsed(self):
        log = rm.load_cdnow().until("1997-09-30")
        collapsed = log.customer_summary().distinct_histories().table
        pd.testing.assert_frame_equal(
            log.distinct_histories().table.astype(float), collapsed.astype(float)
        )


class TestWindows:
    log = staticmethod(lambda: rm.load_cdnow())

    def test_a_purchase_after_observed_until_is_refused_with_its_first_rows(self):
        with pytest.raises(DataError) as refused:
            self.log().customer_summary(observed_until="1998-06-29")
        assert "observed_until is 1998-06-29, but 2 rows are dated later, first: " in str(
            refused.value
        )
        assert "log.until('1998-06-29')" in str(refused.value)

    def test_three_of_the_later_rows_are_named_the_earliest_first(self):
        with pytest.raises(DataError) as refused:
            self.log().customer_summary(observed_until="1998-06-01")
        shown = str(refused.value).partition("first: ")[2].partition(". To leave")[0].split("; ")
        assert [each.partition(" on ")[2] for each in shown] == ["1998-06-02"] * 3
        assert shown == sorted(shown)

    def test_observing_longer_than_the_log_adds_to_T_only(self):
        log = self.log()
        longer = log.customer_summary(observed_until="1998-07-07").table
        pd.testing.assert_series_equal(longer["T"] - 1, log.customer_summary().table["T"])

    def test_a_cut_outside_the_log_is_refused(self):
        with pytest.raises(DataError, match="before the log begins"):
            self.log().until("1996-12-31")
        with pytest.raises(DataError, match="it ends on 1998-06-30"):
            self.log().split(at="1998-06-30")

    def test_what_is_cut_away_is_in_the_audit(self):
        audit = self.log().until("1997-09-30").audit.set_index("check")
        assert audit.loc["outside the window", "action"] == "left out"
        assert audit.loc["rows used", "rows"] < audit.loc["rows read", "rows"]

    def test_a_split_without_a_day_cuts_at_two_thirds(self):
        assert self.log().split().calibration.observed_until == date(1997, 12, 30)


class TestBadInput:
    good = frame([("a", START, 100), ("b", START, 200), ("a", START + timedelta(days=9), 300)])

    def refused(self, table, **how) -> str:
        with pytest.raises((DataError, ParameterError)) as error:
            rm.read_transactions(table, **how)
        return str(error.value)

    def test_empty_file(self, tmp_path):
        path = tmp_path / "sales.csv"
        path.write_text("")
        assert "sales.csv is empty (0 bytes)" in self.refused(path)

    def test_header_without_rows(self, tmp_path):
        path = tmp_path / "sales.csv"
        path.write_text("customer_id,date,value\n")
        assert "has a header but no rows" in self.refused(path)

    def test_no_such_file(self, tmp_path):
        (tmp_path / "sales.csv").write_text("a\n")
        said = self.refused(tmp_path / "sale.csv")
        assert "there is no file" in said
        assert "Did you mean 'sales.csv'?" in said

    def test_missing_column(self):
        said = self.refused(self.good.rename(columns={"customer_id": "Customer"}))
        assert "no column 'customer_id'; there are: Customer, date, value." in said
        assert "Did you mean 'Customer'?" in said

    def test_missing_column_in_an_expression(self):
        assert "no column 'Price'" in self.refused(self.good, value="value * Price")

    @pytest.mark.parametrize("expression", ["value ** 2", "abs(value)", "value if 1 else 2"])
    def test_an_expression_is_arithmetic_only(self, expression):
        assert "+ - * / and parentheses" in self.refused(self.good, value=expression)

    def test_unparsable_dates(self):
        table = self.good.assign(date=["2024-01-01", "31/12/2023", "soon"])
        said = self.refused(table)
        assert "in 2 of 3 rows date cannot be read as a date" in said
        assert "row 2 (customer_id 'b', date '31/12/2023', value '2.0')" in said
        assert "date_format" in said

    def test_future_dates(self):
        later = pd.Timestamp.today().normalize() + pd.Timedelta(days=2)
        said = self.refused(self.good.assign(date=[later, *self.good["date"][1:]]))
        assert "in 1 of 3 rows date is after today" in said

    def test_missing_values(self):
        said = self.refused(self.good.assign(value=[1.0, None, 3.0]))
        assert "in 1 of 3 rows value is blank" in said
        assert "row 2" in said

    def test_values_that_are_no_numbers(self):
        said = self.refused(
            self.good.assign(value=["1,50", "2,00", "3,00"]), options=rm.ReadOptions(decimal=".")
        )
        assert "in 3 of 3 rows value is not a number" in said
        assert "Their decimal sign is a comma: ReadOptions(decimal=',')" in said

    def test_negative_values_are_refused_where_asked(self):
        table = self.good.assign(value=[1.0, -2.0, 3.0])
        said = self.refused(table, returns="refuse")
        assert "found 1, first: row 2" in said

    def test_duplicate_rows_are_refused_where_asked(self):
        table = pd.concat([self.good, self.good.head(1)], ignore_index=True)
        said = self.refused(table, options=rm.ReadOptions(duplicates="refuse"))
        assert "found 1 exact duplicate" in said

    def test_duplicate_rows_can_be_dropped_and_are_told_either_way(self):
        table = pd.concat([self.good, self.good.head(1)], ignore_index=True)
        for policy, action, used in (("keep", "kept", 4), ("drop", "left out", 3)):
            log = rm.read_transactions(table, options=rm.ReadOptions(duplicates=policy))
            audit = log.audit.set_index("check")
            assert audit.loc["exact duplicate rows", ["rows", "action"]].to_list() == [1, action]
            assert audit.loc["rows used", "rows"] == used

    def test_missing_ids_are_left_out_and_told_or_refused(self):
        table = self.good.assign(customer_id=["a", None, " "])
        log = rm.read_transactions(table)
        audit = log.audit.set_index("check")
        assert audit.loc["customer id missing", ["rows", "action"]].to_list() == [2, "left out"]
        assert "row 2" in audit.loc["customer id missing", "examples"]
        said = self.refused(table, options=rm.ReadOptions(missing_ids="refuse"))
        assert "in 2 of 3 rows customer_id is blank" in said

    def test_nothing_usable(self):
        assert ": 3 with customer id missing" in self.refused(self.good.assign(customer_id=None))

    def test_unknown_words(self):
        assert "there are: net, drop, keep, refuse" in self.refused(self.good, returns="nett")
        assert "Did you mean 'cdnow'?" in self.refused("dataset:cdnw")
        assert "found int" in self.refused(3)

    def test_unknown_time_zone(self):
        with pytest.raises(ParameterError, match="Europe/Sofia"):
            rm.ReadOptions(time_zone="Sofia")


class TestFormats:
    rows = (
        ("007", "2024-01-31", "1234.50"),
        ("007", "2024-02-07", "3.00"),
        ("8", "2024-02-08", "1"),
    )

    def summed(self, source, **how):
        log = rm.read_transactions(source, **how)
        return log.customer_summary(unit="day").table

    @pytest.fixture(scope="class")
    @classmethod
    def plain(cls, tmp_path_factory):
        path = tmp_path_factory.mktemp("plain") / "sales.csv"
        lines = ["customer_id,date,value", *(",".join(row) for row in cls.rows)]
        path.write_text("\n".join(lines) + "\n")
        return cls().summed(path)

    def test_ids_stay_text(self, plain):
        assert plain.index.to_list() == ["007", "8"]

    def test_semicolons_decimal_commas_and_day_first_dates(self, plain, tmp_path):
        path = tmp_path / "export.csv"
        path.write_text(
            "Kunde;Datum;Betrag\n007;31.01.2024;1.234,50\n007;07.02.2024;3,00\n8;08.02.2024;1\n"
        )
        options = rm.ReadOptions(separator=";", decimal=",", date_format="%d.%m.%Y")
        names = {"customer": "Kunde", "date": "Datum", "value": "Betrag"}
        pd.testing.assert_frame_equal(self.summed(path, **names, options=options), plain)

    def test_tabs_and_gzip(self, plain, tmp_path):
        path = tmp_path / "sales.tsv.gz"
        table = pd.DataFrame(self.rows, columns=["customer_id", "date", "value"])
        table.to_csv(path, sep="\t", index=False)
        pd.testing.assert_frame_equal(self.summed(path), plain)

    def test_parquet_and_globs(self, plain, tmp_path):
        table = pd.DataFrame(self.rows, columns=["customer_id", "date", "value"])
        table = table.astype({"value": float}).assign(date=pd.to_datetime(table["date"]))
        folder = tmp_path / "parquet"
        folder.mkdir()
        table.head(2).to_parquet(folder / "a.parquet")
        table.tail(1).to_parquet(folder / "b.parquet")
        pd.testing.assert_frame_equal(self.summed(folder / "*.parquet"), plain)
        pd.testing.assert_frame_equal(self.summed(folder), plain)

    def test_arrow_tables(self, plain):
        import pyarrow as pa

        table = pd.DataFrame(self.rows, columns=["customer_id", "date", "value"])
        pd.testing.assert_frame_equal(self.summed(pa.Table.from_pandas(table)), plain)

    def test_days_are_cut_in_the_business_time_zone(self):
        moments = ["2024-03-30T23:30:00Z", "2024-03-31T21:30:00Z", "2024-03-31", "2024-01-01"]
        table = pd.DataFrame({"customer_id": list("abcd"), "date": moments, "value": 1.0})
        log = rm.read_transactions(table, options=rm.ReadOptions(time_zone="Europe/Sofia"))
        days = pd.to_datetime(log.to_pandas()["date"]).dt.strftime("%m-%d").to_list()
        assert days == ["03-31", "04-01", "03-31", "01-01"]

    def test_moments_without_an_offset_are_in_the_source_zone(self):
        table = pd.DataFrame(
            {"customer_id": ["a"], "date": ["2024-01-01 23:30:00"], "value": [1.0]}
        )
        for source, day in (("America/New_York", "2024-01-02"), ("Asia/Tokyo", "2024-01-01")):
            options = rm.ReadOptions(time_zone="Europe/Sofia", source_time_zone=source)
            log = rm.read_transactions(table, options=options)
            assert str(log.observed_until) == day

    def test_value_as_an_expression(self):
        table = pd.DataFrame(
            {
                "customer_id": ["a", "a"],
                "date": ["2024-01-01", "2024-01-02"],
                "Quantity": [2, 3],
                "Unit Price": [1.5, 2.0],
                "UnitPrice": [1.5, 2.0],
            }
        )
        log = rm.read_transactions(table, value="Quantity * UnitPrice - 1")
        assert log.to_pandas()["value"].to_list() == [2.0, 5.0]
        assert rm.read_transactions(table, value="Unit Price").to_pandas()["value"].sum() == 3.5


def lines(log):
    return log.audit.set_index("check")["rows"].to_dict()


class TestWindowsWithEarlierCustomers:
    def test_customers_first_seen_before_the_window_are_told(self):
        log = rm.load_cdnow()
        window = log.window(observed_from="1997-04-01", observed_until="1997-09-30")
        earlier = log.until("1997-03-31").customer_summary().table.index
        assert lines(window)["customers first seen before the window"] == window.earlier_customers
        assert set(window.customer_summary().table.index) <= set(earlier)
        later = log.window(observed_from="1997-02-01", earlier="leave out")
        assert later.earlier_customers > 0
        assert (later.customer_summary(unit="day").table["T"] <= 514).all()
        whole = log.customer_summary(unit="day").table
        first_seen = whole.index[whole["T"] <= 514]
        assert set(later.customer_summary().table.index) == set(first_seen)

    def test_wrong_windows(self):
        log = rm.load_cdnow()
        with pytest.raises(DataError, match="must continue after 1998-06-30"):
            log.window(observed_from="1998-07-01")
        with pytest.raises(ParameterError, match="keep, leave out"):
            log.window(observed_from="1997-02-01", earlier="drop")


class TestMonths:
    def test_calendar_months_merge_and_count_whole_months(self):
        rows = [("a", "2024-01-31"), ("a", "2024-02-01"), ("a", "2024-02-29"), ("b", "2024-03-15")]
        table = pd.DataFrame(rows, columns=["customer_id", "date"]).assign(value=[1.0, 2, 4, 8])
        log = rm.read_transactions(table)
        summary = log.customer_summary(unit="month", observed_until="2024-04-30")
        column_mapping = ["frequency", "recency", "T", "monetary_value"]
        assert summary.table.loc["a", column_mapping].to_list() == [1, 1, 3, 6]
        assert summary.table.loc["b", "T"] == 1
        assert str(summary.unit) == "month"
        histories = log.distinct_histories(unit="month", observed_until="2024-04-30")
        assert histories.n_customers == 2

    def test_months_that_are_not_over_are_refused(self):
        with pytest.raises(DataError, match=r"log.until\('1997-08-31'\)"):
            rm.load_cdnow().until("1997-09-29").customer_summary(unit="month")


def test_a_log_is_shown_in_a_few_lines_without_a_query(monkeypatch):
    log = rm.load_cdnow()
    monkeypatch.setattr(type(log.rows), "to_pandas", None)  # a query would fail
    assert repr(log) == (
        "<TransactionLog: source dataset:cdnow, rows read 6,919, rows usable 6,919, "
        "observed 1997-01-01 to 1998-06-30, returns net>"
    )
    assert log._repr_html_().count("<tr>") == 5
    assert "<script>" not in replace(log, source="<script>")._repr_html_()


def test_a_split_by_months_needs_a_log_of_whole_months():
    rows = [("a", date(2024, 1, day), 100) for day in (1, 5, 31)]
    rows += [("a", date(2024, 3, 30), 100)]
    log = rm.read_transactions(frame(rows))
    with pytest.raises(DataError, match="ends on 2024-03-30"):
        log.split(unit="month", at="2024-01-31")
    whole = rm.read_transactions(frame([*rows, ("a", date(2024, 3, 31), 100)]))
    split = whole.split(unit="month", at="2024-01-31")
    assert (split.length, split.holdout["purchases"].tolist()) == (2, [1])


def test_a_log_without_money_says_so():
    table = frame([("a", START, 100), ("a", START + timedelta(days=3), 200)])
    log = rm.read_transactions(table.drop(columns="value"), value=None)
    assert (log.has_value, log.has_cost) == (False, False)
    with pytest.raises(DataError, match="this log has no money, and a profit needs the value"):
        log.require_value("a profit")
    for name, policy in (("rate_column", "value"), ("zero_values", "drop")):
        options = rm.ReadOptions(**{name: policy})
        with pytest.raises(ParameterError, match=f"nothing that {name} could change; found {name}"):
            rm.read_transactions(table, value=None, options=options)
    with_money = rm.read_transactions(table)
    assert (with_money.has_value, with_money.has_cost) == (True, False)
    with_money.require_value("a profit")
