"""Logs of other kinds: without money, line items with a product column, no header row."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.cli import exit_code
from relmark_research.errors import DataError, ParameterError
from relmark_research.narrative import report_01
from relmark_research.reporting.recipe.plan import plan
from relmark_research.reporting.recipe.recipe_file import read_recipe

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"


@pytest.fixture(scope="module")
def with_money():
    return rm.load_cdnow()


@pytest.fixture(scope="module")
def counts():
    return rm.read_transactions("dataset:cdnow", value=None)


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(found, expected[list(found.columns)])


class TestWithoutMoney:
    def test_rows_and_days_have_no_value(self, counts):
        assert not counts.has_value
        assert "value" not in counts.rows.columns
        assert "parts" not in counts.days.columns
        assert list(counts.to_pandas().columns) == ["customer_id", "date"]

    def test_histories_are_those_of_the_log_with_money(self, counts, with_money):
        for unit in ("day", "week"):
            found = counts.customer_summary(unit=unit).table
            assert list(found.columns) == ["frequency", "recency", "T", "sum_log_gaps"]
            same(found, with_money.customer_summary(unit=unit).table)
        months = counts.until("1998-05-31").customer_summary(unit="month").table
        same(months, with_money.until("1998-05-31").customer_summary(unit="month").table)
        found = counts.distinct_histories().table
        same(found, with_money.distinct_histories().table)

    def test_audit_has_no_lines_about_money(self, counts, with_money):
        checks = [line for line in with_money.audit["check"] if "value" not in line]
        assert counts.audit["check"].to_list() == checks

    def test_fits_forecasts_and_holdouts_are_those_of_the_log_with_money(self, counts, with_money):
        ours, theirs = (log.split(at="1997-09-30") for log in (counts, with_money))
        assert list(ours.holdout.columns) == ["purchases"]
        same(ours.holdout, theirs.holdout)
        fits = [rm.BGNBD.fit(split.calibration) for split in (ours, theirs)]
        assert fits[0].log_likelihood == fits[1].log_likelihood
        same(
            rm.forecast(fits[0], ours.calibration, horizon="39 weeks"),
            rm.forecast(fits[1], theirs.calibration, horizon="39 weeks"),
        )
        scores = [rm.clv.holdout_score(fit, ours).log_score for fit in fits]
        assert scores[0] == scores[1]
        same(rm.tracking(fits[0], counts), rm.tracking(fits[1], with_money))
        same(rm.calibration(fits[0], ours), rm.calibration(fits[1], theirs))

    def test_cohorts_growth_and_returns_to_a_second_purchase(self, counts, with_money):
        same(rm.cohort_table(counts), rm.cohort_table(with_money))
        found = rm.customers.growth_table(counts)
        assert "value" not in found
        same(found, rm.customers.growth_table(with_money))
        same(rm.customers.purchase_counts(counts), rm.customers.purchase_counts(with_money))
        curves = [rm.retention_curve(log).table for log in (counts, with_money)]
        same(*curves)

    def test_the_base_is_described_without_value(self, counts, with_money):
        found, whole = rm.customers.customer_base(counts), rm.customers.customer_base(with_money)
        assert (found.customers, found.purchases) == (whole.customers, whole.purchases)
        assert found.repeat_share == whole.repeat_share
        assert not found.has_value
        assert np.isnan([found.value, found.top_fifth_share, found.value_per_repeat_customer]).all()
        assert "nan" not in repr(found).lower()
        for said in (report_01.answer(found, str), *report_01.next_steps(found, str)):
            assert "nan" not in said

    def test_rfm_gives_recency_and_frequency_only(self, counts, with_money):
        found, whole = rm.rfm_scores(counts), rm.rfm_scores(with_money)
        assert list(found.columns) == ["recency", "frequency", "R", "F", "cell"]
        same(found[["recency", "frequency", "R", "F"]], whole)
        assert (found["cell"] == whole["cell"].str[:2]).all()
        same(rm.rfm_scores(counts.customer_summary())[["R", "F"]], whole.iloc[:, 3:5])
        with pytest.raises(ParameterError, match="have no money"):
            rm.rfm_scores(counts, cuts={"monetary": [10]})
        assert rm.rfm_segments(found)["segment"].notna().all()
        rules = {"segments": [{"name": "good", "R": [4, 5]}, {"name": "other"}]}
        segments = rm.rfm_segments(rm.rfm_scores(counts.until("1997-09-30")), rules=rules)
        split = counts.split(at="1997-09-30")
        assert "value" not in rm.customers.segment_behaviour(segments, split)

    def test_a_ladder_of_purchases_is_that_of_the_log_with_money(self, counts, with_money):
        ours, theirs = (rm.PURCHASE_LADDER.assign(log) for log in (counts, with_money))
        found, expected = (rm.estimate_transitions(each).probabilities for each in (ours, theirs))
        np.testing.assert_array_equal(found, expected)
        with pytest.raises(DataError, match="this log has no money, and a margin by rung"):
            rm.ladder.rung_margins(counts, ours, margin=0.3)

    @pytest.mark.parametrize(
        "needs_money",
        [
            rm.profit_table,
            rm.recommend,
            rm.economics.first_year_margin,
            lambda log: rm.profit_table(log, margin=0.3),
            lambda log: rm.economics.holdout_profit(log, margin=0.3),
            rm.economics.quadrants_from_log,
            rm.customers.concentration_table,
            lambda log: rm.GammaGamma.fit(log.customer_summary()),
            lambda log: rm.compare_models(log.split(), models=["BGNBD"], spend=rm.GammaGamma),
        ],
    )
    def test_whatever_needs_money_refuses_in_words(self, counts, needs_money):
        with pytest.raises(DataError, match=r"this log has no money|read without money"):
            needs_money(counts)

    def test_policies_about_money_are_refused(self):
        frame = pd.DataFrame({"customer_id": ["a"], "date": ["2024-01-01"], "rate": [1.0]})
        for option in ({"rate_column": "rate"}, {"zero_values": "drop"}):
            with pytest.raises(ParameterError, match="without money"):
                rm.read_transactions(frame, value=None, options=rm.ReadOptions(**option))
        with pytest.raises(ParameterError, match="a cost needs a value"):
            rm.read_transactions(frame, value=None, cost="rate")

    def test_text_ids_unusable_rows_duplicates_and_two_currencies(self, tmp_path):
        path = tmp_path / "visits.csv"
        path.write_text(
            "customer_id,date,currency\nx7,2024-01-01,EUR\nx7,2024-01-01,EUR\n,2024-01-02,EUR\n"
            "x7,2024-01-05,USD\nx8,soon,EUR\n"
        )
        options = rm.ReadOptions(unusable="leave out", duplicates="drop")
        log = rm.read_transactions(path, value=None, options=options)
        audit = log.audit.set_index("check")["rows"]
        assert audit["rows read"] == 5
        assert audit["rows used"] == 2
        assert audit["date unparsable"] == 1
        assert log.customer_summary(unit="day").table.loc["x7"].to_list() == [1, 4, 4, np.log(4)]

    def test_a_recipe_says_value_none_and_reports_about_money_are_left_out(self, tmp_path):
        (tmp_path / "visits.csv").write_text("customer_id,date\na,2024-01-01\na,2024-02-01\n")
        recipe = tmp_path / "visits.yml"
        stems = ("01_customer_base", "06_profitability", "03_lifetime_value")
        names = [str(NOTEBOOKS / f"{stem}.ipynb") for stem in stems]
        for value in ("none", "null", "None"):
            recipe.write_text(
                f"title: Visits\ndata: {{source: visits.csv, value: {value}}}\nnotebooks: {names}\n"
            )
            base, about_money, worth = plan(read_recipe(recipe))
            for task in (base, worth):
                assert (task.missing_table, task.parameters["value"]) == ("", None)
            assert "this log has no money" in about_money.missing_table
        recipe.write_text(f"title: Visits\ndata: {{source: visits.csv}}\nnotebooks: {names}\n")
        base, about_money, worth = plan(read_recipe(recipe, settings=("data.value=none",)))
        for task in (base, worth):
            assert (task.missing_table, task.parameters["value"]) == ("", None)
        assert about_money.missing_table

    def test_the_command_line_checks_a_log_without_money(self, tmp_path, capsys):
        path, out = tmp_path / "visits.csv", tmp_path / "audit.json"
        path.write_text("customer_id,date\na,2024-01-01\na,2024-02-01\n")
        assert exit_code(["check", str(path), "--value", "none", "--json", str(out)]) == 0
        assert "value" not in capsys.readouterr().out
        assert json.loads(out.read_text())["repeat_customers"] == 1


ITEMS = pd.DataFrame(
    [
        ("a", "2024-01-01 23:50", 10.0, "O1", "tea", "drinks"),
        ("a", "2024-01-01 23:50", 5.0, "O1", "cup", "kitchen"),
        ("a", "2024-01-02 00:05", 2.0, "O1", "bag", "kitchen"),  # the same order, past midnight
        ("a", "2024-01-09 12:00", 7.0, "O2", "tea", "drinks"),
        ("b", "2024-01-03 12:00", 1.0, "O3", "cup", "kitchen"),
        ("b", "2024-01-03 18:00", 1.0, "O4", "cup", "kitchen"),  # two orders on one day
    ],
    columns=["customer_id", "date", "value", "order", "product", "category"],
)


class TestLineItems:
    def test_line_items_of_a_day_are_one_purchase_and_those_of_an_order_too(self):
        by_day = rm.read_transactions(ITEMS)
        by_order = rm.read_transactions(ITEMS, options=rm.ReadOptions(order_column="order"))
        assert by_day.customer_summary(unit="day").frequency.tolist() == [2, 0]
        summary = by_order.customer_summary(unit="day")
        assert summary.frequency.tolist() == [1, 0]
        assert summary.monetary_value[0] == 7
        totals = by_order.days.group_by("customer_id").agg(parts=by_order.days.parts.sum())
        found = totals.to_pandas().set_index("customer_id")["parts"] / 10_000
        assert found.to_dict() == {"a": 24, "b": 2}

    def test_kept_columns_survive_reading_cutting_and_linking(self):
        options = rm.ReadOptions(keep_columns=["product", "category"], order_column="order")
        log = rm.read_transactions(ITEMS, options=options)
        assert log.options.keep_columns == ("product", "category")
        rows = log.to_pandas()
        assert rows.groupby("category")["value"].sum().to_dict() == {"drinks": 17, "kitchen": 9}
        early = log.until("2024-01-05").after("2024-01-02").to_pandas()
        assert early["product"].to_list() == ["cup", "cup"]
        window = log.window(observed_from="2024-01-02", earlier="leave out")
        assert window.to_pandas()["product"].to_list() == ["cup", "cup"]

    def test_kept_columns_change_no_count(self):
        plain = rm.read_transactions(ITEMS)
        kept = rm.read_transactions(ITEMS, options=rm.ReadOptions(keep_columns="product"))
        same(kept.customer_summary().table, plain.customer_summary().table)
        pd.testing.assert_frame_equal(kept.audit, plain.audit)

    def test_unknown_and_reserved_names_are_refused(self):
        with pytest.raises(DataError, match=r"no column 'prodct'.*Did you mean 'product'"):
            rm.read_transactions(ITEMS, options=rm.ReadOptions(keep_columns=("prodct",)))
        with pytest.raises(ParameterError, match="other than the log's own"):
            rm.ReadOptions(keep_columns=("value",))


def test_a_log_without_a_header_row_is_read_end_to_end(tmp_path):
    path = tmp_path / "export.tsv"
    path.write_text("007\t1/2/2024\t5.00\ttea\n007\t1/9/2024\t7.00\tcup\n8\t1/9/2024\t1.00\tcup\n")
    options = rm.ReadOptions(
        header="none", separator="\t", date_format="%m/%d/%Y", keep_columns=("column_4",)
    )
    names = {"customer": "column_1", "date": "column_2"}
    log = rm.read_transactions(path, **names, value="column_3", options=options)
    assert log.counts.read == 3
    assert log.customer_summary(unit="day").table.loc["007"].to_list() == [1, 7, 7, 7, np.log(7)]
    assert set(log.to_pandas()["column_4"]) == {"tea", "cup"}
    counts = rm.read_transactions(path, **names, value=None, options=options)
    assert len(counts.customer_summary()) == 2
