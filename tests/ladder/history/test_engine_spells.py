"""Counts in the engine against counts in memory."""

import numpy as np
import pandas as pd

import relmark_research as rm
from relmark_research.ladder.history import engine_spells
from relmark_research.ladder.history.ladder_history import LadderHistory
from tests.ladder.conftest import invented


def test_counts_in_the_engine_equal_counts_in_memory():
    data = invented(5)
    log = rm.read_transactions(data["bought"])
    engine = rm.PURCHASE_LADDER.assign(log, period="month")
    memory = LadderHistory.from_table(
        engine.to_pandas(), rungs=engine.states, off_ladder=engine.off_ladder
    )
    for name in ("moves", "triples", "occupancy", "cohort_moves"):
        a, b = (getattr(one.source, name)().astype(int) for one in (engine, memory))
        pd.testing.assert_frame_equal(a, b)
    pd.testing.assert_frame_equal(
        engine.source.first_passages(0, 2).astype(int),
        memory.source.first_passages(0, 2).astype(int),
    )
    a, b = (one.source.clusters() for one in (engine, memory))
    np.testing.assert_allclose(*(np.tensordot(c.people, c.counts, 1) for c in (a, b)))
    assert a.people.sum() == b.people.sum()
    assert engine.customers() == memory.customers()


def test_large_bases_are_gathered_in_groups_that_keep_every_move(monkeypatch):
    log = rm.read_transactions(invented(6)["bought"])
    history = rm.PURCHASE_LADDER.assign(log, period="month")
    total = np.tensordot((one := history.source.clusters()).people, one.counts, 1)
    monkeypatch.setattr(engine_spells, "MAX_CUSTOMERS", 10)
    monkeypatch.setattr(engine_spells, "N_GROUPS", 16)
    grouped = rm.PURCHASE_LADDER.assign(log, period="month").source.clusters()
    assert grouped.people.sum() <= 16
    np.testing.assert_allclose(np.tensordot(grouped.people, grouped.counts, 1), total)
