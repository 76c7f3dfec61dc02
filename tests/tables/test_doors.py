"""Inputs that version 0.1 read wrongly, through every function that takes a table."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.economics.profitability.cost_rules import CostRules
from relmark_research.errors import DataError, ParameterError
from relmark_research.relationships.satisfaction import survey_answers


@pytest.fixture(scope="module")
def log():
    return rm.read_transactions("dataset:sample", cost="cost")


@pytest.fixture(scope="module")
def people():
    return rm.load_sample("customers")


@pytest.fixture(scope="module")
def account(log, people):
    return rm.profit_table(log, contacts="sample:contacts", customers=people)


def written(days: pd.Series, form: str) -> pd.Series:
    return days.dt.strftime(form)


@pytest.mark.parametrize("kind", ["text", "number", "file"])
@pytest.mark.every(3)
def test_acquisition_dates_20220101_do_not_move_the_profit(log, people, account, tmp_path, kind):
    table = people.assign(acquisition_date=written(people["acquisition_date"], "%Y%m%d"))
    if kind == "number":
        table = table.assign(acquisition_date=table["acquisition_date"].astype("int64"))
    source = table
    if kind == "file":
        source = tmp_path / "customers.csv"
        table.to_csv(source, index=False)
    with pytest.raises(DataError, match="%Y%m%d"):
        rm.profit_table(log, contacts="sample:contacts", customers=source)
    options = rm.ReadOptions(date_format="%Y%m%d")
    read = rm.read_table(source, schema="customers", options=options)
    found = rm.profit_table(log, contacts="sample:contacts", customers=read)
    pd.testing.assert_frame_equal(found, account)
    assert round(found["profit"].sum()) == 534_733  # without acquisition costs 717,499


def test_costs_outside_the_days_of_the_log_are_refused_with_their_number(log, people):
    wrong = people.assign(acquisition_date=pd.Timestamp("1970-01-01"))
    with pytest.raises(
        DataError, match=r"2,550 of 2,550 acquisition costs outside the log's days \(2022-01-01"
    ):
        rm.profit_table(log, customers=wrong)
    assert len(rm.profit_table(log, customers=wrong, rules=CostRules(max_outside_log=1)))
    contacts = rm.load_sample("contacts").assign(date="1970-01-01")
    with pytest.raises(DataError, match="contacts outside the log's days"):
        rm.profit_table(log, contacts=contacts, customers=people)
    early = log.until("2022-03-31")  # a window is no reason to refuse
    bought = people[people["customer_id"].isin(early.to_pandas()["customer_id"])]
    assert len(rm.profit_table(early, customers=bought))


DOORS = {
    "profit_table": lambda log, table: rm.profit_table(
        log, contacts=table, customers="sample:customers"
    ),
    "recommend": lambda log, table: rm.recommend(log, contacts=table),
    "account_years": lambda log, table: rm.economics.account_years(
        log, contacts=table, customers="sample:customers"
    ),
    "cost_audit": lambda log, table: rm.economics.cost_audit(log, contacts=table),
    "with_relationship_level": lambda log, table: survey_answers.with_relationship_level(
        rm.load_sample("satisfaction"), table
    ),
}


# every door, and every form at one door: the reading is the same
FORMS = ("%d/%m/%Y", "%d.%m.%Y", "%Y%m%d")
SOME = [*((door, FORMS[0]) for door in DOORS), *(("cost_audit", form) for form in FORMS[1:])]
OTHERS = [
    pytest.param(door, form, marks=pytest.mark.slow)
    for door in DOORS
    for form in FORMS
    if (door, form) not in SOME
]


@pytest.mark.parametrize(("door", "form"), [*SOME, *OTHERS])
@pytest.mark.every(3)
def test_contacts_in_another_format_are_refused_by_every_function(log, door, form):
    contacts = rm.load_sample("contacts").head(50)
    wrong = contacts.assign(date=written(contacts["date"], form))
    with pytest.raises(DataError, match=r"contacts: expected dates .*date_format"):
        DOORS[door](log, wrong)


def test_moments_with_a_time_zone_are_days_of_the_log(log, people):
    zoned = people.assign(acquisition_date=people["acquisition_date"].dt.tz_localize("UTC"))
    expected = rm.profit_table(log, customers=people)["profit"].sum()
    assert rm.profit_table(log, customers=zoned)["profit"].sum() == expected


@pytest.mark.parametrize("name", ["events", "prospects", "answers"])
@pytest.mark.every(3)
def test_tables_of_a_ladder_in_another_format_are_refused(log, name):
    samples = {"events": "events", "prospects": "prospects", "answers": "satisfaction"}
    table = rm.load_sample(samples[name])
    day = "first_contact" if name == "prospects" else "date"
    tables = {key: rm.load_sample(sample) for key, sample in samples.items()}
    tables[name] = table.assign(**{day: written(table[day], "%d/%m/%Y")})
    with pytest.raises(DataError, match=rf"{name}: expected dates in column '{day}'"):
        rm.LOYALTY_LADDER.assign(log, **tables)


def test_ids_of_a_ladders_events_are_those_of_the_log(log):
    rows = log.to_pandas()
    numbers = {name: k for k, name in enumerate(rows["customer_id"].unique()[:300])}
    rows = rows[rows["customer_id"].isin(numbers)]
    known = rm.load_sample("events").query("customer_id in @numbers")
    whole = rm.read_transactions(rows.assign(customer_id=rows["customer_id"].map(numbers)))
    some = rm.read_transactions(rows)
    events = known.assign(customer_id=known["customer_id"].map(numbers).astype(float))
    found = rm.LOYALTY_LADDER.assign(whole, events=events).occupancy()
    pd.testing.assert_frame_equal(found, rm.LOYALTY_LADDER.assign(some, events=known).occupancy())


def history(periods) -> pd.DataFrame:
    rungs = ["loyal"] * 10 + ["first", "first"]
    rows = {"customer_id": "a", "period": periods, "rung": rungs}
    back = {"customer_id": "b", "period": periods, "rung": ["first"] * 12}
    return pd.concat([pd.DataFrame(rows), pd.DataFrame(back)])


@pytest.mark.parametrize("kind", [int, str, float])
def test_periods_1_to_12_as_text_are_in_numeric_order(kind, tmp_path):
    table = history([kind(k) for k in range(1, 13)])
    table.to_csv(tmp_path / "history.csv", index=False)
    for source in (table, tmp_path / "history.csv"):
        chances = rm.estimate_transitions(rm.ladder.LadderHistory.from_table(source))
        assert chances.counts.loc["loyal", "first"] == 1
        assert chances.counts.loc["loyal", "loyal"] == 9


def test_other_text_as_a_period_is_refused():
    with pytest.raises(DataError, match="periods must be"):
        rm.ladder.LadderHistory.from_table(history([f"spring {k}" for k in range(12)]))


def test_answers_with_a_blank_group_are_counted():
    answers = rm.load_sample("satisfaction").assign(shop="north")
    answers.loc[:9, "shop"] = None
    answers.loc[10:19, "shop"] = " "
    table = rm.relationships.nps_table(answers, by="shop", scale=(0, 10)).set_index("group")
    assert table["answers"].to_dict() == {"north": len(answers) - 20, "not known": 20}


def test_members_with_a_blank_group_are_counted():
    members = pd.DataFrame(
        {"tenure": [1, 2, 2, 3], "churned": [1, 1, 0, 1], "plan": ["a", "a", None, ""]}
    )
    curve = rm.retention_curve(members, by="plan")
    assert set(curve.table["group"]) == {"a", "not known"}


@pytest.mark.parametrize("column", ["arm", "campaign_id"])
def test_campaigns_with_a_blank_group_are_counted(column):
    campaigns = rm.load_sample("campaigns")
    one = campaigns[campaigns["campaign_id"] == campaigns["campaign_id"].iloc[0]].copy()
    changed = one.index[one["arm"] != "control"][:20] if column == "arm" else one.index
    one.loc[changed, column] = None
    found = rm.relationships.campaign_uplift(one, margin=0.4)
    assert "not known" in set(found[column])
    arms = one[one["arm"] != "control"]
    assert found["customers"].sum() == len(arms)


def test_one_quarter_without_nps_answers_is_an_empty_quarter():
    answers = rm.load_sample("satisfaction")
    gap = answers[answers["date"].dt.to_period("Q") != pd.Period("2023Q2")]
    table = rm.relationships.nps_table(gap, period="quarter").set_index("group")
    assert len(table) == 12
    assert table.loc["2023-04-01", "answers"] == 0
    assert np.isnan(table.loc["2023-04-01", "nps"])
    blank = answers.assign(
        nps=answers["nps"].where(answers["date"].dt.to_period("Q") != pd.Period("2023Q2"))
    )
    pd.testing.assert_frame_equal(
        rm.relationships.nps_table(blank, period="quarter").set_index("group"), table
    )


def test_profit_classes_of_text_are_ranked_as_numbers():
    classes = rm.profit_classes(pd.Series(["100.0", "50.0", "9.0"]))
    assert classes["rank"].to_list() == [1, 2, 3]
    assert rm.whale_curve(pd.Series(["100.0", "50.0", "9.0"]))["profit"].iloc[-1] == 159
    with pytest.raises(DataError, match=r"expected numbers .*'much'"):
        rm.profit_classes(pd.Series(["100.0", "much"]))


def test_times_of_a_summary_as_timedelta_are_counted_in_its_unit():
    days = pd.DataFrame({"frequency": [2, 0], "recency": [35.0, 0.0], "T": [70.0, 70.0]})
    given = days.assign(
        **{name: pd.to_timedelta(days[name], unit="D") for name in ("recency", "T")}
    )
    summary = rm.CustomerSummary(given, unit="week")
    assert summary.T.tolist() == [10.0, 10.0]
    assert summary.recency.tolist() == [5.0, 0.0]
    with pytest.raises(DataError, match="unit='week'"):
        rm.CustomerSummary(given)
    dates = days.assign(T=pd.Timestamp("2024-01-01"))
    with pytest.raises(DataError, match="T must be a number of time units; found days"):
        rm.CustomerSummary(dates, unit="week")


def test_six_answers_from_1_to_5_are_no_net_promoter_score():
    answers = pd.Series([1, 2, 3, 4, 5, 5])
    with pytest.raises(DataError, match=r"declare it: scale=\(0, 10\)"):
        rm.relationships.net_promoter_score(answers)
    assert rm.relationships.net_promoter_score(answers, scale=(0, 10)).score == -100
    with pytest.raises(ParameterError, match="as another measure"):
        rm.relationships.net_promoter_score(answers, scale=(1, 5))


def test_groups_na_and_none_are_names_everywhere(log, people):
    named = people.assign(segment=people["segment"].replace({"private": "NA"}))
    segments = named.set_index("customer_id")["segment"]
    assert "NA" in rm.economics.first_year_margin(log, segments).index
    answers = survey_answers.with_customer(rm.load_sample("satisfaction"), named, "segment")
    assert "NA" in set(rm.relationships.nps_table(answers, by="segment")["group"])


def test_groups_whose_ids_are_not_those_of_the_log_are_refused(log, people):
    strange = people.assign(customer_id="X" + people["customer_id"])
    groups = strange.set_index("customer_id")["channel"]
    with pytest.raises(DataError, match=r"a group for most customers of the log; 2,\d+ of 2,\d+"):
        rm.retention_curve(log, by=groups)


def test_an_empty_quarter_is_drawn_and_described():
    from relmark_research.plots.satisfaction import describe_score_trend, score_trend

    answers = rm.load_sample("satisfaction")
    gap = answers[answers["date"].dt.to_period("Q") != pd.Period("2023Q2")]
    table = rm.relationships.nps_table(gap, period="quarter")
    assert "12 periods (1 of them without answers)" in describe_score_trend(table)
    assert len(score_trend(table).lines)
