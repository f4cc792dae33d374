"""Visits: delegations that come and go, hosted events and meetings, with what they led to.

Publishes `visits.events`. Consumes `agreements.events` (partners' names; agreements that a
follow-up became).
"""
