import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.covariates.formula import join_covariates
from relmark_research.errors import DataError

GOOD = pd.DataFrame(
    {
        "customer_id": ["a", "b", "c"],
        "frequency": [2, 0, 1],
        "recency": [30.43, 0.0, 5.0],
        "T": [38.86, 38.86, 20.0],
        "monetary_value": [12.0, 0.0, 3.0],
    }
)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recency": [39.0, 0, 5]}, r"recency must not be greater than T; 1 of 3 rows .*'a'"),
        ({"frequency": [2, 0, -1]}, r"frequency must be 0 or more; 1 of 3 .*'c'"),
        ({"frequency": [2, 0, 1.5]}, "whole number"),
        ({"recency": [1.0, 2.0, 5.0]}, "recency must be 0 where frequency is 0"),
        ({"recency": [0.0, 0.0, 5.0]}, "recency must be > 0 where frequency is > 0"),
        ({"T": [38.86, None, 20.0]}, "T must be a finite number; 1 of 3"),
        ({"T": ["x", 3.0, 20.0]}, "expected numbers in column 'T'; found 1 of 3"),
        ({"monetary_value": [-1.0, 0, 3]}, "monetary_value must be 0 or more"),
        ({"monetary_value": [None, 0, 3]}, "must be given for repeat customers"),
        ({"monetary_value": [float("inf"), 0, 3]}, "monetary_value must be finite; 1 of 3"),
        ({"n_customers": [1, 1.5, 2]}, "n_customers must be a whole number; 1 of 3 .*'b'"),
        ({"customer_id": ["a", "a", "c"]}, r"1 ids come more than once, first: row 2 \('a'\)"),
    ],
)
def test_what_no_model_can_take_is_refused_with_the_first_rows(change, said):
    with pytest.raises(DataError, match=said):
        rm.CustomerSummary(GOOD.assign(**change))


def test_a_missing_column_is_named():
    with pytest.raises(DataError, match="no column 'T'; there are"):
        rm.CustomerSummary(GOOD.drop(columns="T"))


def test_no_rows():
    with pytest.raises(DataError, match="at least one customer"):
        rm.CustomerSummary(GOOD.head(0))


def test_no_table():
    with pytest.raises(DataError, match="found list"):
        rm.CustomerSummary([1, 2])


def test_spend_is_missing_where_there_is_no_repeat():
    summary = rm.CustomerSummary(GOOD, unit="week")
    assert summary.monetary_value.tolist()[0::2] == [12.0, 3.0]
    assert pd.isna(summary.monetary_value[1])
    with pytest.raises(DataError, match="expected the column monetary_value"):
        _ = rm.CustomerSummary(GOOD.drop(columns="monetary_value")).monetary_value


def test_collapsing_counts_every_customer():
    twice = pd.concat([GOOD, GOOD.assign(customer_id=["d", "e", "f"])])
    collapsed = rm.CustomerSummary(twice, unit="week").distinct_histories()
    assert len(collapsed) == 3
    assert collapsed.table["n_customers"].to_list() == [2, 2, 2]
    assert collapsed.n_customers == 6


def test_one_customer_is_too_few_to_fit():
    with pytest.raises(DataError, match="needs at least 2; found 1"):
        rm.BGNBD.fit(GOOD.head(1))


def test_no_repeat_customer_is_nothing_to_learn_from():
    with pytest.raises(DataError, match="none of 2 customers"):
        rm.BGNBD.fit(pd.concat([GOOD.iloc[[1]], GOOD.iloc[[1]].assign(customer_id="z")]))


def test_customers_with_missing_values_of_pandas_own_kind() -> None:
    customers = rm.load_cdnow().customer_summary(unit="week").table
    spend = customers["monetary_value"].where(customers["frequency"] > 0)
    nullable = customers.assign(monetary_value=spend).convert_dtypes()
    assert nullable["monetary_value"].isna().any()
    assert rm.BGNBD.fit(nullable).model == rm.BGNBD.fit(customers).model
    assert rm.GammaGamma.fit(nullable).model == rm.GammaGamma.fit(customers).model


def test_a_log_in_place_of_a_summary_names_the_missing_step():
    log = rm.load_cdnow()
    for given in (rm.CustomerSummary.of, rm.CustomerSummary, rm.BGNBD.fit):
        with pytest.raises(DataError, match=r"is a TransactionLog; summarise it first: log\."):
            given(log)


def test_results_are_shown_in_a_few_lines():
    summary = rm.CustomerSummary(GOOD, unit="week", observed_until="2024-12-31")
    assert repr(summary).startswith("<CustomerSummary: customers 3, share with repeat purchases")
    split = rm.load_cdnow().split(at="1997-09-30")
    assert "holdout purchases 1,882" in repr(split)
    for shown in (summary, split):
        assert "\n" not in repr(shown)
        assert 3 <= shown._repr_html_().count("<tr>") <= 6


IDS = {
    "int": pd.Index([7, 8, 9]),
    "float": pd.Index([7.0, 8.0, 9.0]),
    "text": pd.Index(["7", "8", "9"]),
    "text as floats": pd.Index(["7.0", " 8", "9\u00a0"]),
    "objects": pd.Index([7, "8", 9.0], dtype=object),
    "category": pd.CategoricalIndex([7, 8, 9]),
    "nullable": pd.Index([7, 8, 9], dtype="Int64"),
    "arrow": pd.Index(["7", "8", "9"], dtype="string[pyarrow]"),
}
PLACES = ("index", "column")


def with_ids(ids: pd.Index, place: str = "index") -> pd.DataFrame:
    table = GOOD.drop(columns="customer_id").set_axis(ids.rename("customer_id"))
    return table if place == "index" else table.reset_index()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", IDS)
@pytest.mark.every(2)
def test_ids_of_every_type_are_those_of_a_log(kind, place):
    summary = rm.CustomerSummary(with_ids(IDS[kind], place))
    assert summary.table.index.to_list() == ["7", "8", "9"]
    assert summary.table.index.name == "customer_id"


@pytest.mark.parametrize("ids", [[7, 7.0, 9], ["7", 7, "9"], ["7 ", "7", "9"]])
def test_one_customer_written_in_two_forms_is_one_customer_twice(ids):
    with pytest.raises(DataError, match=r"1 ids come more than once, first: row 2 \('7'\)"):
        rm.CustomerSummary(with_ids(pd.Index(ids, dtype=object)))


@pytest.mark.parametrize("ids", [["7", None, "9"], ["7", " ", "9"], [7.0, float("nan"), 9.0]])
def test_a_blank_id_is_refused_with_its_row(ids):
    with pytest.raises(DataError, match=r"a customer_id in every row; 1 of 3 .* row 2"):
        rm.CustomerSummary(with_ids(pd.Index(ids)))


def test_floats_that_are_no_exact_ids_are_refused():
    with pytest.raises(DataError, match=r"2\^53|exact"):
        rm.CustomerSummary(with_ids(pd.Index([2.0**60, 1.0, 2.0])))


def test_labels_that_are_no_ids_stay_as_they_are():
    table = GOOD.drop(columns="customer_id")
    assert rm.CustomerSummary(table).table.index.equals(pd.RangeIndex(3))


@pytest.mark.parametrize("kind", IDS)
def test_tables_by_customer_are_joined_by_id(kind):
    model = rm.BGNBD(0.24, 4.4, 0.79, 2.4)
    spend = rm.GammaGamma(6.2, 3.7, 15.4)
    customers = rm.CustomerSummary(with_ids(pd.Index([9, 8, 7])), unit="week")
    margin = pd.Series([0.1, 0.2, 0.3], index=IDS[kind])
    values = {"horizon": "26 weeks", "annual_discount_rate": 0.1}
    found = rm.lifetime_value(model, spend, customers, margin=margin, **values)
    expected = rm.lifetime_value(model, spend, customers, margin=1.0, **values)
    assert (found["clv"] / expected["clv"]).round(9).to_list() == [0.3, 0.2, 0.1]


@pytest.mark.parametrize("kind", IDS)
@pytest.mark.every(2)
def test_covariates_are_joined_by_id_from_index_and_column(kind):
    customers = rm.CustomerSummary(with_ids(pd.Index([9, 8, 7])))
    covariates = pd.DataFrame({"age": [1.0, 2.0, 3.0]}, index=IDS[kind].rename("customer_id"))
    for given in (covariates, covariates.reset_index()):
        joined = join_covariates(customers.table, given)
        assert joined["age"].to_list() == [3.0, 2.0, 1.0]


def test_rfm_scores_name_the_customers_of_a_log():
    customers = with_ids(IDS["float"])
    assert sorted(rm.rfm_scores(customers, bins=2).index) == ["7", "8", "9"]


def test_lengths_of_time_are_counted_in_the_unit():
    lengths = {name: pd.to_timedelta(GOOD[name] * 7, unit="D") for name in ("recency", "T")}
    summary = rm.CustomerSummary(GOOD.assign(**lengths), unit="week")
    for name in ("recency", "T"):
        assert summary.table[name].tolist() == pytest.approx(GOOD[name].tolist())
    with pytest.raises(DataError, match="recency must be a number; found lengths of time, first"):
        rm.CustomerSummary(GOOD.assign(**lengths))
    with pytest.raises(DataError, match="monetary_value must be a number; found lengths"):
        rm.CustomerSummary(GOOD.assign(monetary_value=lengths["T"]), unit="week")
    days = pd.to_datetime(["2024-01-01"] * 3)
    with pytest.raises(DataError, match="T must be a number of time units; found days, first 2024"):
        rm.CustomerSummary(GOOD.assign(T=days), unit="week")


GAPS = {"frequency": [3, 0, 1], "recency": [6.0, 0.0, 2.0], "T": [8.0, 8.0, 8.0]}


def test_logs_of_gaps_are_converted_with_the_unit():
    log = rm.load_cdnow().until("1997-09-30")
    days, weeks = (log.customer_summary(unit=unit).table for unit in ("day", "week"))
    expected = days["sum_log_gaps"] - days["frequency"] * np.log(7)
    np.testing.assert_allclose(weeks["sum_log_gaps"], expected, atol=1e-12)


def test_logs_of_gaps_of_another_unit_are_refused():
    most = 3 * np.log(2.0)
    rm.CustomerSummary(pd.DataFrame({**GAPS, "sum_log_gaps": [most, 0.0, np.log(2.0)]}))
    for wrong in ([most + 0.1, 0.0, np.log(2.0)], [most, 0.2, np.log(2.0)], [np.nan, 0.0, 0.0]):
        with pytest.raises(rm.DataError, match=r"sum_log_gaps must be .*1 of 3 rows"):
            rm.CustomerSummary(pd.DataFrame({**GAPS, "sum_log_gaps": wrong}))


def test_equal_histories_keep_their_total_of_log_gaps():
    table = pd.DataFrame(GAPS).loc[[0, 0, 1, 2]].assign(sum_log_gaps=[1.0, 2.0, 0.0, np.log(2)])
    counted = rm.CustomerSummary(table.assign(n_customers=[1, 3, 1, 1])).distinct_histories().table
    assert (counted["n_customers"] * counted["sum_log_gaps"]).sum() == pytest.approx(
        1 + 3 * 2 + np.log(2)
    )
