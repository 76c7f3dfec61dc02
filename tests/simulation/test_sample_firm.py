"""The sample data: reproducible, coherent, and with something to see."""

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from relmark_research.customers.datasets import load_sample
from relmark_research.simulation import __main__, sample_firm
from relmark_research.simulation.accounts import YEAR
from relmark_research.simulation.firm import Truth
from relmark_research.simulation.funnel import STAGES
from relmark_research.simulation.partners import PartnerTruth
from relmark_research.tables.sources.bundled_files import SAMPLE_DATES, sample_folder

TRUTH = Truth()
LARGEST = 2_000_000  # bytes of all the files together


# reproducible


def test_the_same_seed_gives_the_same_bytes():
    first, second = (sample_firm.simulate_crm(seed=7) for _ in range(2))
    assert list(first) == list(SAMPLE_DATES)
    for name in first:
        assert sample_firm.table_bytes(first[name]) == sample_firm.table_bytes(second[name])


def test_another_seed_gives_other_tables(crm):
    other = sample_firm.simulate_crm(seed=7)
    for name, table in other.items():
        assert sample_firm.table_bytes(table) != sample_firm.table_bytes(crm[name]), name


def test_another_truth_moves_only_what_hangs_on_it(crm):
    other = sample_firm.simulate_crm(replace(TRUTH, partners=PartnerTruth(respondents=2)))
    changed = [
        n for n in other if sample_firm.table_bytes(other[n]) != sample_firm.table_bytes(crm[n])
    ]
    assert changed == ["partner_survey"]


def test_the_files_are_what_the_simulation_makes(tmp_path):
    sample_firm.write_sample(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        p.name for p in sample_folder().iterdir()
    )
    for path in tmp_path.iterdir():
        same = path.read_bytes() == (sample_folder() / path.name).read_bytes()
        assert same, f"{path.name} differs; write it anew: make sample"


def test_the_files_are_small():
    assert sum(path.stat().st_size for path in sample_folder().iterdir()) <= LARGEST


@pytest.mark.parametrize("name", SAMPLE_DATES)
def test_reading_the_file_gives_the_table_back(crm, name):
    read, made = load_sample(name), crm[name]
    for column in SAMPLE_DATES[name]:
        assert (read[column].isna() == made[column].isna()).all()
        assert (read[column].dropna() == made[column].dropna()).all()
    others = [column for column in made if column not in SAMPLE_DATES[name]]
    pd.testing.assert_frame_equal(read[others], made[others], check_dtype=False)


def test_the_command_writes_the_folder(tmp_path, capsys):
    assert __main__.main([str(tmp_path / "new")]) == 0
    assert "transactions.csv" in capsys.readouterr().out
    assert (tmp_path / "new" / "truth.json").is_file()


def test_the_command_asks_for_one_folder(capsys):
    assert __main__.main([]) == 2
    assert "Expected one folder; found 0" in capsys.readouterr().err


# coherent


def test_every_customer_named_anywhere_is_in_customers(crm):
    known = set(crm["customers"]["customer_id"])
    assert crm["customers"]["customer_id"].is_unique
    for name in ("transactions", "contacts", "events", "prospects", "campaigns", "satisfaction"):
        assert set(crm[name]["customer_id"].dropna()) <= known, name
    assert set(crm["transactions"]["customer_id"]) == known


def test_every_partner_answers_and_is_on_record(crm):
    assert set(crm["partner_survey"]["partner_id"]) == set(crm["partners"]["partner_id"])
    assert crm["partners"]["partner_id"].is_unique
    assert crm["partners"]["name"].is_unique


def test_nothing_happens_outside_the_three_years_or_before_the_first_order(crm):
    acquired = crm["customers"].set_index("customer_id")["acquisition_date"]
    for name in ("transactions", "contacts", "events", "campaigns", "satisfaction"):
        table = crm[name]
        assert table["date"].between(TRUTH.first_day, TRUTH.last_day).all(), name
        assert (table["date"] >= table["customer_id"].map(acquired)).all(), name
    first = crm["transactions"].groupby("customer_id")["date"].min()
    assert (first == acquired.loc[first.index]).all()


def test_a_prospect_won_is_the_customer_acquired_that_day(crm):
    won = crm["prospects"].dropna(subset=["won"]).merge(crm["customers"], on="customer_id")
    assert len(won) == crm["prospects"]["won"].notna().sum() > 300
    assert (won["won"] == won["acquisition_date"]).all()
    assert (won["source"] == won["channel"]).all()
    assert won["customer_id"].is_unique


def test_the_stages_of_the_funnel_follow_each_other(crm):
    prospects = crm["prospects"]
    for before, after in zip(("first_contact", *STAGES), STAGES, strict=False):
        reached = prospects[after].notna()
        assert prospects.loc[reached, before].notna().all()
        assert (prospects.loc[reached, after] >= prospects.loc[reached, before]).all()


def test_campaign_figures_are_those_of_the_transactions(world, crm):
    lines = world.lines.assign(
        customer_id=world.people["customer_id"].iloc[world.lines["person"]].to_numpy()
    )
    lines["date"] = TRUTH.dates(lines["day"])
    for row in crm["campaigns"].sample(60, random_state=1).itertuples():
        own = lines[lines["customer_id"] == row.customer_id]
        gap = (own["date"] - row.date).dt.days
        assert row.value_in_window == pytest.approx(own["value"][gap.between(1, 28)].sum())
        assert row.pre_value == pytest.approx(own["value"][gap.between(-182, -1)].sum())
        assert row.responded == gap.between(1, 28).any()


def test_lines_are_the_transactions_without_returns_and_oddities(world, crm):
    log = crm["transactions"].drop_duplicates()
    plain = log[log["order_id"].str.fullmatch(r"O\d+")]
    assert list(plain["order_id"]) == list(world.lines["order_id"])
    changed = (plain["value"].to_numpy() != world.lines["value"].to_numpy()).sum()
    assert changed == TRUTH.oddities.typing_errors + TRUTH.oddities.split_orders


def test_retained_is_what_the_next_letter_shows(crm, account_years):
    survey = crm["satisfaction"].merge(
        account_years[["customer_id", "date", "renewed", "ended"]].rename(
            columns={"date": "opened"}
        ),
        on="customer_id",
    )
    since = (survey["date"] - survey["opened"]).dt.days
    survey = survey[(since >= 0) & (since < YEAR)]
    assert len(survey) == len(crm["satisfaction"])
    assert survey["retained"].isna().equals(~survey["ended"])
    known = survey.dropna(subset=["retained"])
    assert (known["retained"] == known["renewed"]).all()


def test_the_oddities_are_there(crm):
    log, odd = crm["transactions"], TRUTH.oddities
    assert log.duplicated().sum() == odd.duplicates
    assert (log["value"] == 0).sum() == odd.free_samples
    assert log["order_id"].str.endswith("b").sum() == odd.split_orders
    assert (log["value"] < 0).equals(log["order_id"].str.startswith("R"))
    orders = log[(log["value"] > 0) & (log["order_id"].str.fullmatch(r"O\d+"))]
    assert ((orders["cost"] / orders["value"]) < 0.1).sum() == odd.typing_errors
    originals = log.set_index("order_id")["date"]
    returns = log[log["value"] < 0]
    bought = ("O" + returns["order_id"].str[1:]).map(originals[~originals.index.duplicated()])
    assert (returns["date"] > bought.to_numpy()).all()


def test_there_is_something_to_see(crm, account_years):
    log = crm["transactions"]
    margin = (log["value"] - log["cost"]).groupby(log["customer_id"]).sum()
    served = crm["contacts"].groupby("customer_id")["cost"].sum()
    spent = crm["customers"].set_index("customer_id")["acquisition_cost"]
    profit = (margin - served - spent).sort_values(ascending=False)
    whale = profit.cumsum() / profit.sum()
    assert whale.max() > 1.10
    assert 0.2 < (profit < 0).mean() < 0.5
    retention = account_years[account_years["ended"]].groupby("tenure")["renewed"].mean()
    assert retention[1] > retention[0] + 0.04
    nps = crm["satisfaction"]["nps"]
    assert min((nps <= 6).mean(), nps.between(7, 8).mean(), (nps >= 9).mean()) > 0.2
    trust = crm["partner_survey"].groupby("partner_id")[["trust_1", "trust_2", "trust_3"]].mean()
    assert ((trust.mean(axis=1) < 4).mean() > 0.1) and ((trust.mean(axis=1) > 5.25).mean() > 0.1)


# documented

README = (Path(__file__).parents[2] / "data" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SAMPLE_DATES)
def test_the_readme_names_every_column(name, crm):
    paragraph = README.split(f"\n**{name}** -")[1].split("\n\n")[0]
    ranges = dict(re.findall(r"`(\w+)_1` to\s+`\w+_(\d)`", paragraph))
    named = set(re.findall(r"`(\w+)`", paragraph))
    named |= {f"{stem}_{i}" for stem, last in ranges.items() for i in range(1, int(last) + 1)}
    assert set(crm[name]) <= named


def test_the_readme_tells_the_truth():
    for line in _truth_lines():
        assert f"| {' | '.join(map(str, line))} |\n" in README, line


def _truth_lines():
    for s in TRUTH.segments:
        buying = f"{s.r:g}, {s.alpha:g}", f"{s.p:g}, {s.q:g}, {s.v:g}"
        shares = f"{s.margin_share:.0%}", f"{s.return_share:.0%}"
        yield s.name, *buying, *shares, s.renewal_logit, s.satisfaction_mean
    for level in TRUTH.levels:
        effects = level.renewal_effect, level.purchase_multiplier
        yield level.name, *(f"{x:g}" for x in (*level.contacts, *effects))
    for c in TRUTH.channels:
        curves = [f"{k.ceiling:g}, {k.steepness:g}" for k in (c.acquisition, c.retention)]
        yield c.name, *curves, f"{c.funnel.win_rate:.1%}" if c.funnel else "-"
    for event in TRUTH.events:
        yield event.kind, event.rate, event.tenure_effect, event.satisfaction_effect
    for campaign in TRUTH.campaigns:
        for arm in campaign.arms[1:]:
            probabilities = (f"{x:g}" for x in (arm.cost, *arm.extra_order))
            yield campaign.campaign_id, arm.name, *probabilities
    for effect, cause, path in TRUTH.partners.paths:
        yield cause, effect, path
