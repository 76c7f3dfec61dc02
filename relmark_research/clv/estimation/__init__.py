"""Base classes of models; maximum likelihood, diagnosis, intervals and storage of fits."""
