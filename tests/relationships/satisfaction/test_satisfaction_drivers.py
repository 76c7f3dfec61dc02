"""Drivers of satisfaction: recovery, and what they refuse."""

import numpy as np
import pandas as pd
import pytest

from relmark_research.errors import DataError
from relmark_research.relationships.satisfaction.satisfaction_drivers import satisfaction_drivers


def test_drivers_recover_an_ordered_logit() -> None:
    rng = np.random.default_rng(6)
    items = pd.DataFrame(rng.integers(1, 6, (6000, 2)), columns=["quality", "price"])
    latent = 0.8 * items["quality"] + 0.3 * items["price"] + rng.logistic(size=6000)
    scores = np.select([latent < 2.8, latent < 4], [3, 8], 10)
    found = satisfaction_drivers(items.assign(nps=scores), items=("quality", "price"))
    assert found["item"].tolist() == ["quality", "price"]
    np.testing.assert_allclose(found["slope"], [0.8, 0.3], atol=0.09)
    assert (found["promoter_change"] > 0).all()
    assert (found["detractor_change"] < 0).all()


def test_single_answers_outside_their_scale_are_refused(answers) -> None:
    with pytest.raises(DataError, match="quality: expected whole numbers from 1 to 5; found 6"):
        satisfaction_drivers(answers.assign(quality=6))
    with pytest.raises(DataError, match="found no promoter"):
        satisfaction_drivers(answers.assign(nps=answers["nps"].clip(upper=8)))
