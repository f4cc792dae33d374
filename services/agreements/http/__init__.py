"""HTTP in: parse, call one use case, answer. Fixed paths come before `/{agreement}`."""

from services.agreements.http import (
    agreements,
    contacts,
    contributions,
    documents,
    duplicates,
    ewp,
    joint,
    partners,
    records,
    versions,
)

ROUTERS = (
    duplicates.router,
    contacts.router,
    partners.router,
    joint.programmes,
    joint.projects,
    contributions.router,
    records.router,
    ewp.router,
    agreements.router,
    documents.router,
    versions.router,
)
