"""The schemas: every column has an example that it can hold, and the sample fits them."""

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import ParameterError
from relmark_research.tables.schemas import SAMPLE_NAMES, SCHEMAS, schema_of


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_column_has_an_example_that_it_can_hold(name):
    schema = SCHEMAS[name]
    row = pd.DataFrame({column.name: [column.example] for column in schema.columns})
    table = rm.read_table(row, schema=schema)
    assert table.rows_used == 1
    assert all(column.required or column.without for column in schema.columns)


def test_the_sample_has_no_column_that_a_schema_does_not_know():
    for name in (
        "transactions",
        "customers",
        "contacts",
        "events",
        "prospects",
        "books",
        "campaigns",
        "satisfaction",
        "partners",
        "partner_survey",
    ):
        schema = schema_of(SAMPLE_NAMES.get(name, name))
        assert set(rm.load_sample(name).columns) <= set(schema.names)


def test_a_schema_is_found_by_the_name_of_the_samples_table():
    assert schema_of("satisfaction") is SCHEMAS["answers"]
    assert schema_of(SCHEMAS["books"]) is SCHEMAS["books"]
    with pytest.raises(ParameterError, match="Did you mean 'books'"):
        schema_of("bocks")


def test_requirements_can_be_added_and_dropped():
    needing = SCHEMAS["customers"].requiring("channel")
    assert needing.required == ["customer_id", "channel"]
    assert needing.relaxed().required == []
