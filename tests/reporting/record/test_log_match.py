"""Tables that do not match the log are refused before a run, by days and by customers."""

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError
from relmark_research.reporting.record.log_match import DAYS, check_tables_in_log
from relmark_research.tables.schemas import SCHEMAS
from relmark_research.tables.sources.bundled_files import SAMPLE_DATES

SAMPLES = {"answers": "satisfaction"}


@pytest.fixture(scope="module")
def log():
    return rm.read_transactions("dataset:sample")


def rows_of(name: str) -> pd.DataFrame:
    """Rows of the sample; of a table that it does not have, the examples of the schema."""
    if SAMPLES.get(name, name) in SAMPLE_DATES:
        return rm.load_sample(SAMPLES.get(name, name))
    examples = {column.name: column.example for column in SCHEMAS[name].columns}
    ids = rm.load_sample("customers")["customer_id"].head(40)
    return pd.DataFrame({**examples, "customer_id": ids, DAYS[name]: pd.Timestamp("2022-03-31")})


def table(name: str, **changed) -> rm.Table:
    return rm.read_table(rows_of(name).assign(**changed), schema=name)


def test_every_table_with_a_customer_and_a_day_is_matched():
    dated = {
        schema.name
        for schema in SCHEMAS.values()
        if {"customer_id"} <= set(schema.names) and any(c.type == "date" for c in schema.columns)
    }
    # no report reads contracts yet; covariates go on after the log, for forecasts
    assert dated - {"transactions", "contracts", "covariates"} == set(DAYS)


@pytest.mark.parametrize("name", DAYS)
def test_the_tables_of_the_sample_match_its_log(log, name):
    match = check_tables_in_log({name: table(name)}, log, {})[name]
    assert (len(match.outside), len(match.unknown), match.words()) == (0, 0, "")


@pytest.mark.parametrize("name", DAYS)
def test_days_outside_the_log_are_refused_with_their_number(log, name):
    wrong = table(name, **{DAYS[name]: pd.Timestamp("1970-01-01")})
    expected = rf"tables\.{name}: expected {DAYS[name]} within the log's days \(2022-01-01 to"
    with pytest.raises(DataError, match=rf"{expected} .*rows outside, first: 1970-01-01"):
        check_tables_in_log({name: wrong}, log, {})
    assert check_tables_in_log({name: wrong}, log, {name: 1})[name].dated == len(wrong.frame)


@pytest.mark.parametrize("name", DAYS)
def test_customers_that_are_not_in_the_log_are_refused_with_the_form_of_their_ids(log, name):
    ids = rows_of(name)["customer_id"]
    wrong = table(name, customer_id=ids.str.replace("C", ""))
    with pytest.raises(DataError, match=r"ids that the log does not have.* like '9+', .* 'A9+'"):
        check_tables_in_log({name: wrong}, log, {})
    check_tables_in_log({name: wrong}, log, {name: 1})


def test_more_customers_than_the_log_and_few_of_them_are_no_error(log):
    people = rm.load_sample("customers")
    others = [people.assign(customer_id=f"{k}" + people["customer_id"]) for k in range(9)]
    everyone = rm.read_table(pd.concat([people, *others]), schema="customers")
    match = check_tables_in_log({"customers": everyone}, log, {})["customers"]
    assert match.words() == "of the log: 90.0% of the customers not in it"
    check_tables_in_log({"customers": rm.read_table(people[:3], schema="customers")}, log, {})


def test_a_window_of_the_log_does_not_count(log):
    contacts = table("contacts")
    check_tables_in_log({"contacts": contacts}, log.until("2022-03-31"), {})
