"""The right answers: one file for each lesson, with its `EXERCISES`."""
