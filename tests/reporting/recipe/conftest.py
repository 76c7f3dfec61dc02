"""A project with two notebooks and a file of transactions."""

from pathlib import Path

import pytest

from tests.reporting.books import write_notebook

OTHER_PARAMETERS = (
    "as_of = None\nsource = 'dataset:cdnow'\ncurrency = 'USD'\nmargin = 0.1\nreading = {}"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_notebook(tmp_path / "notebooks", "one")
    write_notebook(tmp_path / "notebooks", "two", parameters=OTHER_PARAMETERS)
    (tmp_path / "sales.csv").write_text("customer_id,date,value\na,2024-01-01,3\n")
    return tmp_path
