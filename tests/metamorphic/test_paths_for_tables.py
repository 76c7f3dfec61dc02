"""A path in place of a table is that table, or a refusal in words, at every door."""

import pandas as pd
import pytest

from relmark_research.errors import RelmarkError
from tests.metamorphic.calls import FAST
from tests.metamorphic.comparing import differences
from tests.metamorphic.doors import DOORS

ACCEPTED = {  # the tables of users, beside those of `read_table`
    "link_customers": "table",
    "retention_curve": "customers",
    "ladder.purchase_panel": "purchases",
    "ladder.purchase_panel dates": "purchases",
    "ladder.fit_generator": "panel",
    "economics.level_costs": "contacts",
}
QUICK = [name for name in {**dict.fromkeys(FAST), **ACCEPTED} if name != "economics.level_costs"]
OTHERS = [
    pytest.param(name, marks=pytest.mark.slow)
    for name, door in DOORS.items()
    if name not in QUICK and not door.slow
]


@pytest.mark.parametrize("name", [*QUICK, *OTHERS])
def test_a_path_is_the_table_or_refused_in_words(name, tmp_path):
    door = DOORS[name]
    for given, table in door.tables.items():
        if not isinstance(table, pd.DataFrame):
            continue
        path = str(tmp_path / f"{given}.csv")
        table.to_csv(path, index=given in door.index)
        try:
            found = door.call(**{**door.copies(), given: path})
        except RelmarkError as error:
            assert "must be a DataFrame" in str(error) or not door.any_source
            assert ACCEPTED.get(name) != given
        else:
            assert not differences(door.expected, found, ordered=True)
