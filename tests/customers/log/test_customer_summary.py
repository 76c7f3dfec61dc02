import pandas as pd
import pytest

import relmark_research as rm
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
        ({"customer_id": ["a", "a", "c"]}, "1 ids come more than once, first: 'a'"),
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
