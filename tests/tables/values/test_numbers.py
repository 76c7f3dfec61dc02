"""The decimal sign is declared or established from all values; nothing ambiguous is read."""

import ibis
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.tables.values.numbers import (
    NumberFormat,
    advice,
    number_formats,
    numeric,
)


def values(texts, **options):
    frame = pd.DataFrame({"customer_id": "a", "date": "2024-01-01", "value": texts})
    log = rm.read_transactions(frame, options=rm.ReadOptions(**options))
    return sorted(log.to_pandas()["value"])


def of_file(tmp_path, separator, texts, **options):
    lines = [separator.join(["customer_id", "date", "value"])]
    lines += [separator.join(["a", "2024-01-01", f'"{text}"']) for text in texts]
    (tmp_path / "sales.csv").write_text("\n".join(lines))
    log = rm.read_transactions(tmp_path / "sales.csv", options=rm.ReadOptions(**options))
    return sorted(log.to_pandas()["value"])


class TestTheSignIsEstablished:
    CASES = (
        (["12,50", "10,500"], [10.5, 12.5]),
        (["12.50", "10,500"], [12.5, 10500]),
        (["1.234,5", "10.500"], [1234.5, 10500]),
        (["1,234.5", "10.500"], [10.5, 1234.5]),
        (["0,500", "10,500"], [0.5, 10.5]),
        (["1234,500"], [1234.5]),
        (["1,234,567", "1.5"], [1.5, 1234567]),
        (["1.234.567", "10.500"], [10500, 1234567]),
        (["1 234,50", "1\u00a0234,5", "1\u202f000"], [1000, 1234.5, 1234.5]),
        (["1'234.50", "1\u2019234"], [1234, 1234.5]),
        (["1 234 567", "5"], [5, 1234567]),
        (["-5,5", "+5,5", "\u22125,5"], [-5.5, -5.5, 5.5]),
        (["1,5e3", ",5"], [0.5, 1500]),
        (["1e5", "5."], [5, 100000]),
        (["10", "20", ""], [10, 20]),
    )

    def test_from_all_values_of_the_column(self):
        """Each case is a column of one table, as each column has a sign of its own."""
        columns = {f"case {k}": pd.Series(texts) for k, (texts, _) in enumerate(self.CASES)}
        table = ibis.memtable(pd.DataFrame(columns).astype("string"))
        formats = number_formats(table, table.columns, rm.ReadOptions())
        found = table.select(**{k: numeric(table[k], formats) for k in table.columns}).to_pandas()
        read = {name: sorted(found[name].dropna()) for name in columns}
        assert read == dict(zip(columns, [right for _, right in self.CASES], strict=True))

    @pytest.mark.parametrize(("texts", "expected"), [CASES[2], CASES[8]])
    def test_in_a_log(self, texts, expected):
        assert values(texts, unusable="leave out", missing_ids="leave out") == expected

    def test_each_column_of_an_expression_has_its_own(self):
        frame = pd.DataFrame(
            {"customer_id": "a", "date": "2024-01-01", "n": ["1.5", "2"], "p": ["1,5", "3"]}
        )
        log = rm.read_transactions(frame, value="n * p")
        assert sorted(log.to_pandas()["value"]) == [2.25, 6]

    def test_of_cost_and_exchange_rate_too(self):
        frame = pd.DataFrame(
            {"customer_id": "a", "date": "2024-01-01", "value": [10.0], "cost": "2,5", "fx": "0,5"}
        )
        options = rm.ReadOptions(rate_column="fx")
        row = rm.read_transactions(frame, cost="cost", options=options).to_pandas().iloc[0]
        assert (row["value"], row["cost"]) == (5, 1.25)


class TestAmbiguousNumbersAreRefused:
    def test_10500_in_a_semicolon_separated_file_with_no_decimal_declared(self, tmp_path):
        with pytest.raises(rm.DataError) as refused:
            of_file(tmp_path, ";", ["10,500", "7"])
        said = str(refused.value)
        assert "row 1 '10,500', which is 10500 or 10.500" in said
        assert "ReadOptions(decimal='.') or ReadOptions(decimal=',')" in said
        assert of_file(tmp_path, ";", ["10,500"], decimal=",") == [10.5]
        assert of_file(tmp_path, ";", ["10,500"], decimal=".") == [10500]

    @pytest.mark.parametrize("text", ["10,500", "10.500", "-1,000", "999.999"])
    def test_in_a_frame(self, text):
        with pytest.raises(rm.DataError, match="and no value settles it"):
            values([text, "7"])

    def test_in_comma_separated_files_a_point_is_the_decimal_sign_and_a_comma_is_not(
        self, tmp_path
    ):
        assert of_file(tmp_path, ",", ["10.500", "7"]) == [7, 10.5]
        with pytest.raises(rm.DataError, match="and no value settles it"):
            of_file(tmp_path, ",", ["10,500", "7"])

    def test_both_signs_are_refused_with_both_readings(self):
        with pytest.raises(rm.DataError) as refused:
            values(["1", "2,5", "3.5", "4.25"])
        said = str(refused.value)
        assert (
            "2 values with a point, first row 3 '3.5', and 1 with a comma, first row 2 '2,5'"
            in said
        )

    def test_a_declared_sign_leaves_the_others_unreadable(self):
        assert values(["2,5", "3.5"], decimal=",", unusable="leave out") == [2.5]
        with pytest.raises(rm.DataError, match=r"ReadOptions\(decimal='\.'\)"):
            values(["2,5", "3.5"], decimal=",")


class TestThousands:
    @pytest.mark.parametrize(
        ("texts", "sign", "expected"),
        [
            (["10,500"], ",", [10500]),
            (["10.500"], ".", [10500]),
            (["10,500"], " ", [10.5]),
            (["1 000,5"], " ", [1000.5]),
            (["1'000.5"], "'", [1000.5]),
        ],
    )
    @pytest.mark.every(2)
    def test_declared(self, texts, sign, expected):
        assert values(texts, thousands=sign) == expected

    def test_other_groups_are_not_read_then(self):
        with pytest.raises(rm.DataError, match="value is not a number"):
            values(["1'000", "5"], thousands=" ")

    def test_one_sign_cannot_be_both(self):
        with pytest.raises(rm.ParameterError, match="cannot group thousands too"):
            rm.ReadOptions(decimal=",", thousands=",")
        with pytest.raises(rm.ParameterError, match="no sign '_' for thousands"):
            rm.ReadOptions(thousands="_")


class TestTextsThatAreNoNumbers:
    TEXTS = ("(5.00)", "€ 5", "5 EUR", "5%", "$5.00", "inf", "nan", "0x10", "1_000", "--1",
             "1.2.3", "1,23,456", "12 34", "n/a")  # fmt: skip

    def test_none_of_them_is_read(self):
        assert values([*self.TEXTS, "7.5"], unusable="leave out") == [7.5]

    def test_each_is_refused_in_words(self):
        with pytest.raises(
            rm.DataError, match=r"in 14 of 15 rows value is not a number\. First: row 1"
        ):
            values([*self.TEXTS, "7.5"])

    @pytest.mark.parametrize("text", ["(5.00)", "€ 5", "5%", "5 EUR"])
    def test_signs_of_spreadsheets_are_named(self, text):
        said = "without currency, unit, percent sign or paren"
        assert said in advice([text], [NumberFormat()])

    def test_the_reader_says_it(self):
        with pytest.raises(rm.DataError, match="without currency, unit, percent sign or paren"):
            values(["€ 5", "7.5"])

    def test_another_decimal_sign_is_named(self):
        assert "decimal=','" in advice(["12,50", "7,25"], [NumberFormat(".")])
        with pytest.raises(rm.DataError, match="Their decimal sign is a comma"):
            values(["12,50", "7"], decimal=".")

    @pytest.mark.parametrize("number", [float("inf"), float("-inf"), 1e12])
    def test_values_no_engine_can_add_up(self, number):
        with pytest.raises(rm.DataError, match=r"is not a number|exceeds 900 billion"):
            values([number, 1.0])

    def test_no_number_is_missing(self):
        with pytest.raises(rm.DataError, match="value is blank"):
            values(pd.Series([float("nan"), 1.0], dtype="float64[pyarrow]"))

    @pytest.mark.parametrize("what", [[True, False], [b"1", b"2"], pd.to_datetime(["2024"] * 2)])
    def test_columns_of_other_types_are_refused(self, what):
        with pytest.raises(rm.DataError, match="'value' must hold numbers; found"):
            values(what)
