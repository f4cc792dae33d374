"""Owns plans, measures and annual reports. Publishes `reporting.events`.

Consumes `agreements.events`, `visits.events` and `mobility.events` as bitemporal records. Names of
persons are in one table, and go nowhere else.
"""
