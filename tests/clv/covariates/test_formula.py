"""Design matrices: columns as written, what is left out and why, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from relmark_research.clv.covariates.formula import Design, join_covariates, plain_columns
from relmark_research.errors import DataError, ParameterError

TABLE = pd.DataFrame(
    {"size": [1.0, 2.0, 4.0, 8.0], "channel": ["app", "shop", "app", "web"], "same": 3.0},
    index=["ann", "bob", "cat", "dan"],
)


def test_columns_are_those_of_the_formula():
    design, columns = Design.of("np.log(size) + channel", TABLE)
    assert design.terms == ("np.log(size)", "channel[T.shop]", "channel[T.web]")
    np.testing.assert_allclose(columns[:, 0], np.log([1, 2, 4, 8]))
    np.testing.assert_array_equal(columns[:, 1:], [[0, 0], [1, 0], [0, 0], [0, 1]])
    assert (design.formula, design.left_out) == ("np.log(size) + channel", {})


def test_other_customers_get_the_same_columns():
    design, _ = Design.of("size + channel + same", TABLE)
    few = pd.DataFrame({"size": [5.0], "channel": ["web"], "same": [7.0]})
    np.testing.assert_array_equal(design.columns(few), [[5.0, 0.0, 1.0]])


def test_centring_uses_the_customers_of_the_fit():
    design, columns = Design.of("center(size)", TABLE)
    assert columns.sum() == pytest.approx(0)
    few = pd.DataFrame({"size": [3.75]})
    np.testing.assert_allclose(design.columns(few), [[0.0]], atol=1e-12)


def test_constant_and_collinear_columns_are_left_out_with_the_reason():
    table = TABLE.assign(double=2 * TABLE["size"], shifted=TABLE["size"] + 1)
    design, columns = Design.of("same + size + double + shifted", table)
    assert design.terms == ("size",)
    assert columns.shape == (4, 1)
    assert design.left_out == {
        "same": "it is 3 for every customer",
        "double": "it is collinear with size",
        "shifted": "it is collinear with size",
    }


def test_a_column_is_collinear_with_several_others():
    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.normal(size=(30, 2)), columns=["x", "y"])
    table["total"] = 3 * table["x"] - table["y"] + 5
    design, _ = Design.of("x + y + total", table)
    assert design.left_out == {"total": "it is collinear with x, y"}


def test_nearly_collinear_columns_are_kept():
    size = np.linspace(0, 1, 50)
    wave = np.where(np.arange(50) % 2, 1.0, -1.0)
    table = pd.DataFrame({"size": size, "near": size + 1e-6 * wave, "equal": size + 1e-11 * wave})
    assert Design.of("size + near", table)[0].terms == ("size", "near")
    assert Design.of("size + equal", table)[0].terms == ("size",)


def test_a_large_offset_hides_no_variation():
    """Years around 2000: their variation is small beside their norm."""
    table = pd.DataFrame({"year": [1e6, 1e6 + 1, 1e6 + 2, 1e6], "size": [1.0, 5.0, 2.0, 7.0]})
    assert Design.of("year + size", table)[0].terms == ("year", "size")


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("", "expected covariates as a formula"),
        ("  ", "expected covariates as a formula"),
        (None, "found None"),
        (["size"], "expected covariates as a formula"),
        ("y ~ size", "right side only"),
        ("size +", "cannot be read"),
        ("size + (", "cannot be read"),
        ("sise", r"names no column 'sise'.*Did you mean 'size'"),
        ("0 + size", "removes the intercept"),
        ("size - 1", "removes the intercept"),
        ("np.log(channel)", "cannot be read"),
    ],
)
def test_formulas_that_cannot_be_used(formula, said):
    with pytest.raises(ParameterError, match=said):
        Design.of(formula, TABLE)


def test_missing_and_infinite_values_are_counted_and_named():
    gaps = TABLE.assign(size=[1.0, np.nan, np.inf, 8.0])
    with pytest.raises(
        DataError, match=r"2 of 4 have none, first: row 2 \('bob'\), row 3 \('cat'\)\."
    ):
        Design.of("size", gaps)
    with pytest.raises(DataError, match=r"1 of 4 have none, first: row 1 \('ann'\)\."):
        Design.of("np.log(size)", TABLE.assign(size=[0.0, 1, 2, 3]))
    with pytest.raises(
        DataError, match=r"4 of 4 have none, first: row 1 \('ann'\), row 2 \('bob'\), row 3"
    ):
        Design.of("size", TABLE.assign(size=np.nan))


def test_missing_categories_are_refused():
    gaps = TABLE.assign(channel=["app", None, "shop", "web"])
    with pytest.raises(DataError, match=r"needs channel of every customer; 1 of 4 .*'bob'"):
        Design.of("size + channel", gaps)
    assert Design.of("size", gaps)[0].terms == ("size",)


def test_categories_that_did_not_occur_in_the_fit_are_refused():
    design, _ = Design.of("channel", TABLE)
    with pytest.raises(DataError, match=r"did not occur in the fit: .*fax"):
        design.columns(TABLE.assign(channel=["app", "fax", "app", "app"]))


def test_covariates_are_joined_by_customer():
    table = TABLE[["size"]]
    more = pd.DataFrame({"age": [4, 3, 2, 1, 0], "size": 0}, index=[*reversed(TABLE.index), "eve"])
    found = join_covariates(table, more)
    assert found["age"].tolist() == [1, 2, 3, 4]
    assert found["size"].tolist() == [1, 2, 4, 8]  # the table's own column stays
    assert join_covariates(table, None) is table


def test_customers_without_covariates_are_named():
    more = pd.DataFrame({"age": [1]}, index=["bob"])
    with pytest.raises(
        DataError,
        match=r"3 of 4 have none, first: row 1 \('ann'\), row 3 \('cat'\), row 4 \('dan'\) of",
    ):
        join_covariates(TABLE, more)


def test_covariates_have_one_row_per_customer():
    more = pd.DataFrame({"age": range(5)}, index=[*TABLE.index, "bob"])
    with pytest.raises(DataError, match="one row per customer"):
        join_covariates(TABLE, more)


def test_columns_become_the_types_that_formulas_read():
    table = pd.DataFrame({
        "whole": pd.Series([1, None], dtype="Int64"), "objects": pd.Series([1, 2.5], dtype=object),
        "text": pd.Series(["a", None], dtype="string"), "plain": [1.0, 2.0],
    })  # fmt: skip
    found = plain_columns(table)
    assert found["whole"].dtype == found["objects"].dtype == "float64"
    assert found["text"].dtype == "str"
    assert found["objects"].tolist() == [1, 2.5]
    assert plain_columns(table[["plain"]])["plain"].tolist() == [1, 2]
