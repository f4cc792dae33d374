"""Owns subscribers, digests and reminders. Publishes `notify.events` (nothing personal).

Consumes `agreements.events` and `visits.events`. Addresses are in one table, and go nowhere else.
"""
