"""A document, checked against the schemas and against practice."""

from services.agreements.gateways.ewp.documents import Document
from services.agreements.gateways.ewp.findings import Finding
from services.agreements.gateways.ewp.rules import against_practice
from services.agreements.gateways.ewp.validating import MAX_FINDINGS, against_the_schemas

__all__ = ["check"]


def check(document: Document, *, local: str | None = None) -> list[Finding]:
    """Everything that is wrong or odd, by line; at most so many as a person can read."""
    findings = against_the_schemas(document)
    if findings and findings[0].code == "schema-document":
        return findings
    findings += against_practice(document, local=local)
    return sorted(findings, key=lambda each: (each.line, each.severity))[:MAX_FINDINGS]
