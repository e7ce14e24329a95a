"""One HTML file that opens offline: facts first (``facts``), then figures (``figures``), then a page (``page``)."""

from activeseed.report.facts import Facts, gather
from activeseed.report.page import render, write_report

__all__ = ["Facts", "gather", "render", "write_report"]
