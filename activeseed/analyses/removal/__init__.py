"""Removal: what can be proved about any removal of up to k items of the seed."""
