"""Privacy of a run: what leaves it without ids, addresses and secrets, and who may read it."""
