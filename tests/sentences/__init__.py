"""All composed sentences of all reports with their claims: ``make sentences``."""
