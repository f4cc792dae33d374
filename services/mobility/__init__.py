"""Mobility: stays of students and staff, applications, appointments, named programmes, headcounts.

Publishes `mobility.events`. Consumes `agreements.events` (partners, agreements and joint programmes
that a stay names), `upstream.hr` and `upstream.registrar`, whose contract it owns.
"""
