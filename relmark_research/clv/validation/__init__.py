"""Tests of models: holdout, calibration, comparison, assumptions."""
