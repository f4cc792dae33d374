"""Agreements: partners, agreements, joint programmes and projects, and contributions received.

Owns them, publishes every change of them on `agreements.events`, and reads of mobility which stays
take an agreement's places.
"""
