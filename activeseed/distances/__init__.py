"""Distances between outcomes, one file an idea: each is a frozen record that satisfies ``protocols.Distance``."""
