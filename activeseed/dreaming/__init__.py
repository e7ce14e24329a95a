"""Contrastive dreams: inputs on which two networks differ the most, found by climbing their difference."""
