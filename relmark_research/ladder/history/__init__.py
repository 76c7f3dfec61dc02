"""The history of each customer on the ladder: rungs, rules, and counts of moves."""
