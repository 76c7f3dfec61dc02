"""The transaction log: reading, audit, returns, summaries by customer, record linkage."""
