"""Measures, plans and the drafting of reports: plain functions, no I/O, no clock."""
