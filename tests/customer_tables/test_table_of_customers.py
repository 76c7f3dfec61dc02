"""One row per customer: fixed columns, joins to the log, every model, files of three kinds."""

import datetime as dt
from functools import cache

import numpy as np
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

import relmark_research as rm
from relmark_research.customer_tables import CustomerTableOptions
from relmark_research.customer_tables.table_of_customers import COLUMNS, TEXT
from relmark_research.economics.next_action.next_best_action import Recommendations
from relmark_research.errors import DataError, ParameterError

HARD = ("007", "=2+5", "+44 20", "-17", "@bob", "é", "12345678901234567890")


@cache
def log(money: bool = True):
    rng = np.random.default_rng(3)
    rows = []
    for number in range(60):
        name = HARD[number] if number < len(HARD) else f"c{number}"
        days = np.unique(rng.integers(0, 700, rng.integers(1, 9)))
        rows += [(name, dt.date(2022, 1, 1) + dt.timedelta(int(day))) for day in days]
    frame = pd.DataFrame(rows, columns=["customer_id", "date"])
    frame["value"] = rng.integers(5, 90, len(frame)).astype(float)
    return rm.read_transactions(frame, value="value" if money else None)


@cache
def model():
    return rm.BGNBD(r=0.5, alpha=8, a=0.8, b=2.5)


@cache
def made(money: bool = True):
    return rm.customer_table(log(money), purchases=model(), spend=spend() if money else None)


@cache
def spend():
    return rm.GammaGamma(p=6.0, q=4.0, v=20.0)


def dtypes(found):
    return {name: str(kind) for name, kind in found.table.dtypes.items()}


def test_columns_and_types_are_the_same_whatever_is_known():
    segments = pd.Series("x", index=log().customer_summary().table.index)
    full = rm.customer_table(
        log(), purchases=model(), spend=spend(), segments=segments, ladder=rm.PURCHASE_LADDER
    )
    assert tuple(full.table) == COLUMNS == tuple(made(money=False).table)
    assert dtypes(full) == dtypes(made(money=False))
    assert {name for name, kind in dtypes(full).items() if kind == "str"} == set(TEXT)
    assert made(money=False).table["expected_value"].isna().all()
    assert "no money" in " ".join(made(money=False).notes)


def test_it_joins_back_to_the_log_on_real_ids():
    rows = log().to_pandas()
    rows = rows.merge(made().table, on="customer_id", how="left", validate="many_to_one")
    by_customer = rows.groupby("customer_id")
    assert rows["purchases"].notna().all()
    assert (by_customer["date"].max() == by_customer["last_purchase"].first()).all()
    assert (by_customer["date"].nunique() == by_customer["purchases"].first()).all()
    sums, so_far = by_customer["value"].sum(), by_customer["value_so_far"].first()
    assert np.allclose(sums, so_far, rtol=1e-12)
    assert made().table["customer_id"].is_monotonic_increasing


def test_purchases_are_those_of_forecast():
    customers = log().customer_summary()
    expected = rm.forecast(model(), customers, horizon="52 weeks")
    found = made().table.set_index("customer_id").loc[customers.table.index]
    assert np.allclose(found["p_alive"], expected["p_alive"], rtol=1e-12)
    assert np.allclose(found["expected_purchases"], expected["expected_purchases"], rtol=1e-12)


@pytest.mark.parametrize("name", ["BGNBD", "MBGNBD", "ParetoNBD", "BGCNBD"])
def test_every_model_of_purchases_works(name):
    given = {"r": 0.5, "alpha": 8.0, "a": 0.8, "b": 2.5}
    models = {
        "BGNBD": lambda: rm.BGNBD(**given),
        "MBGNBD": lambda: rm.MBGNBD(**given),
        "ParetoNBD": lambda: rm.ParetoNBD(r=0.5, alpha=8, s=0.4, beta=9),
        "BGCNBD": lambda: rm.BGCNBD(**given, k=2),
    }
    table = rm.customer_table(log(), purchases=models[name](), spend=spend()).table
    assert table["p_alive"].between(0, 1).all()
    ordered = (table["value_low"] <= table["value_high"]) & (
        table["purchases_low"] <= table["purchases_high"]
    )
    assert ordered.all()
    likely = table["purchases_high"] > 0
    assert likely.sum() > 40
    assert (table["value_high"] > table["expected_value"] / 4)[likely].all()
    assert (table["value_high"] == 0)[~likely].all()


def test_a_fit_without_intervals_gives_the_range_of_chance_and_says_so():
    assert any("hold chance only" in note for note in made().notes)
    fit = rm.BGNBD.fit(rm.load_cdnow().customer_summary())
    with_fit = rm.customer_table(rm.load_cdnow(), purchases=fit)
    assert not any("hold chance only" in note for note in with_fit.notes)
    assert with_fit.model == "BGNBD"


def test_segment_and_rung_come_from_tables_by_id():
    segments = pd.DataFrame({"segment": ["a", "b"]}, index=["007", "c20"])
    found = rm.customer_table(
        log(), purchases=model(), spend=spend(), segments=segments, ladder=rm.PURCHASE_LADDER
    )
    table = found.table.set_index("customer_id")
    assert table.loc["007", "segment"] == "a"
    assert table["segment"].notna().sum() == 2
    assert "58 of 60 customers have no segment." in found.notes
    history = rm.PURCHASE_LADDER.assign(log()).to_pandas()
    last = history[history["period"] == history["period"].max()].set_index("customer_id")["rung"]
    assert table["rung"].dropna().to_dict() == last.astype(str).to_dict()


def advice(*rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "action", "certainty", "reason"])
    table = frame.set_index("customer_id")
    return Recommendations(table, pd.DataFrame(), pd.Series(dtype=float), 0.95)


GIVEN = (
    ("007", "grow", 0.97, "r1"),
    ("-17", "grow", 0.6, "r2"),
    ("@bob", "end", 0.96, "r3"),
    ("é", "keep", np.nan, "r4"),
    ("+44 20", "reprice", 0.99, "r5"),
    ("c20", "grow", 0.03, "r6"),
)
ADVICE = ["advice", "advice_verdict", "advice_reason", "advice_evidence"]


def advised(measured):
    found = rm.customer_table(
        log(), purchases=model(), spend=spend(), advice=advice(*GIVEN),
        options=CustomerTableOptions(measured=measured),
    )  # fmt: skip
    table = found.table.set_index("customer_id")[ADVICE].astype(object)
    return table.where(table.notna(), None)


def test_advice_has_the_verdict_of_a_measured_effect():
    table = advised({"grow": "test of May"})
    assert table.loc["007"].to_list() == ["grow", "do", "r1", "test of May"]
    assert table.loc["-17", "advice_verdict"] == "test"
    assert table.loc["c20", "advice_verdict"] == "stop"
    assert table.loc["@bob"].to_list()[:3] == ["end", "do", "r3"]
    assert table.loc["é"].to_list() == ["keep", None, "r4", None]
    assert table.loc["c30", "advice_reason"] == "the customer is not among those advised on"


def test_without_a_measured_effect_there_is_a_reason_and_no_advice():
    assert advised({"grow": "test of May"}).loc["+44 20"].to_list() == [
        None, None, "no advice: the effect of 'reprice' is assumed, not measured", None,
    ]  # fmt: skip
    table = advised({})
    assert table["advice"].dropna().to_list() == ["end"]
    assert table.loc["é", "advice_reason"] == "no advice: the effects of all actions are assumed"
    assert set(made().table["advice_reason"]) == {
        "no advice: no measured effect of an action was given"
    }


def test_pseudonyms_replace_ids_and_do_not_keep_their_order(monkeypatch):
    monkeypatch.setenv("RELMARK_ID_KEY", "a secret")
    options = CustomerTableOptions(ids="pseudonym")
    table = rm.customer_table(log(), purchases=model(), spend=spend(), options=options).table
    from relmark_research.tables.pseudonyms import pseudonyms

    expected = dict(zip(pseudonyms(made().table["customer_id"]), made().table["purchases"],
                        strict=True))  # fmt: skip
    assert table.set_index("customer_id")["purchases"].to_dict() == expected
    assert table["customer_id"].is_monotonic_increasing


def test_parquet_gives_the_same_table_back(tmp_path):
    assert made().to(tmp_path / "t.parquet") == 0
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "t.parquet"), made().table)


def test_excel_holds_ids_as_text_and_evaluates_none(tmp_path):
    made().to_excel(tmp_path / "t.xlsx")
    workbook = CalamineWorkbook.from_path(str(tmp_path / "t.xlsx"))
    header, *rows = workbook.get_sheet_by_index(0).to_python()
    assert tuple(header) == COLUMNS
    assert [row[0] for row in rows] == made().table["customer_id"].to_list()
    assert isinstance(rows[0][3], dt.date)
    import zipfile

    with zipfile.ZipFile(tmp_path / "t.xlsx") as archive:
        sheet, styles = (archive.read(f"xl/{name}.xml").decode()
                         for name in ("worksheets/sheet1", "styles"))  # fmt: skip
    assert "<f>" not in sheet
    assert '<c s="3" t="inlineStr"><is><t xml:space="preserve">=2+5</t>' in sheet
    assert 'numFmtId="49" quotePrefix="1"' in styles
    assert '<c s="4"><v>' in sheet  # P(alive) as a share


def test_csv_has_no_cell_that_begins_a_formula(tmp_path):
    assert made().to_csv(tmp_path / "t.csv") == 4
    table = pd.read_csv(tmp_path / "t.csv", dtype=str)
    assert {"'=2+5", "'+44 20", "'-17", "'@bob", "007"} <= set(table["customer_id"])
    assert table["last_purchase"].str.fullmatch(r"\d{4}-\d\d-\d\d").all()


def test_arguments_that_cannot_be_used_are_refused(tmp_path):
    with pytest.raises(ParameterError, match=r"\.parquet, \.csv, \.xlsx"):
        made().to(tmp_path / "t.txt")
    with pytest.raises(ParameterError, match=r"ends in \.csv"):
        made().to_csv(tmp_path / "t.xlsx")
    with pytest.raises(DataError, match="no money"):
        rm.customer_table(log(money=False), purchases=model(), spend=spend())
    with pytest.raises(DataError, match="none of its 1 ids"):
        rm.customer_table(log(), purchases=model(), segments=pd.Series(["a"], index=["zz"]))
    with pytest.raises(DataError, match="expected a column segment"):
        rm.customer_table(log(), purchases=model(), segments=pd.DataFrame({"x": [1]}))
    with pytest.raises(ParameterError, match="finite horizon"):
        rm.customer_table(log(), purchases=model(), horizon=None)
    with pytest.raises(ParameterError, match="keep"):
        CustomerTableOptions(measured={"keep": "x"})
    with pytest.raises(ParameterError, match="words on the experiment"):
        CustomerTableOptions(measured={"grow": " "})
    with pytest.raises(ParameterError, match="pseudonym"):
        CustomerTableOptions(ids="hashed")


def test_without_a_model_the_package_chooses_one():
    found = rm.customer_table(rm.load_cdnow(), horizon="26 weeks")
    assert found.model in {"BGNBD", "MBGNBD", "ParetoNBD", "NBD", "BGCNBD", "MBGCNBD"}
    assert len(found.table) == 2357
