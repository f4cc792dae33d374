"""Agreements that come from Erasmus Without Paper and go there, through the ordinary use cases."""

import hashlib
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.agreements import store
from services.agreements.domain.agreements import Agreement
from services.agreements.domain.partners import Partner
from services.agreements.events.agreements import AgreementFields
from services.agreements.events.values import AgreementId, Side
from services.agreements.gateways.ewp import keeping
from services.agreements.gateways.ewp.checking import check
from services.agreements.gateways.ewp.differences import compare
from services.agreements.gateways.ewp.documents import Document, Iia, read
from services.agreements.gateways.ewp.exporting import (
    Exported,
    hei_id_of,
    must_be_holdable,
    written,
)
from services.agreements.gateways.ewp.findings import errors_of
from services.agreements.gateways.ewp.hashing import hash_of
from services.agreements.gateways.ewp.importing import Told, told_by
from services.agreements.gateways.ewp.keeping import Copy
from services.agreements.gateways.ewp.terms import Linked, Skill
from services.agreements.usecases.agreements import (
    ApproveAgreement,
    ProposeAgreement,
    approve_agreement,
    propose_agreement,
)
from services.agreements.usecases.ground import Allow, own_agreement
from services.agreements.usecases.records import AGREEMENTS, record_told
from shared.database import Transaction
from shared.dates import PartialDate
from shared.errors import Rejected
from shared.facts import Value

Entered = Literal["proposed", "recorded"]
"""How an agreement that is new here is entered; by default as it says of itself."""


class ImportedAgreement(BaseModel):
    """What became of one agreement of a document."""

    agreement: AgreementId
    hei: str = Field(description="The partner's")
    iia_id: str | None = Field(description="The partner's id of it")
    outcome: Literal["created", "received", "unchanged"] = Field(
        description="`received`: it was here already, and this copy of it is kept beside it"
    )
    iia_hash: str = Field(description="Made of what was received")
    warnings: list[str] = []


class Imported(BaseModel):
    """What became of a document: all of it, or nothing."""

    sha256: str
    agreements: list[ImportedAgreement]


class SaidOtherwise(BaseModel):
    """One thing that the two copies say otherwise; null: that copy does not say it."""

    where: str
    field: str
    ours: str | None
    theirs: str | None
    text: str


class Differences(BaseModel):
    """Our copy and the partner's newest, compared by meaning."""

    agreement: AgreementId
    same: bool
    differences: list[SaidOtherwise]
    remarks: list[str] = Field(description="What only one copy tells, and what is no term")
    our_hash: str
    their_hash: str = Field(description="Made of what was received")
    their_stated_hash: str | None
    received_sha256: str


class Forgotten(BaseModel):
    """What was destroyed."""

    agreement: AgreementId
    documents: list[str] = Field(description="By their SHA-256")


class ApproveHash(Value):
    """One side approves the other's copy, by its hash."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"side": "theirs", "on": "2025-10-27", "iia_hash": "5f1d" + "0" * 60}]
        }
    )
    side: Side
    on: PartialDate
    iia_hash: str = Field(pattern="^[0-9a-f]{64}$", description="Of the other side's copy")


def valid(received: bytes) -> Document:
    """The document, if it is one. Raises Rejected (422): `ewp-invalid`, and what `read` says."""
    document = read(received)
    findings = errors_of(check(document))
    if findings:
        first = findings[0]
        more = f" ({len(findings) - 1} more)" if len(findings) > 1 else ""
        raise Rejected(
            "ewp-invalid",
            f"line {first.line}, {first.path}: {first.what}; {first.do}{more}. "
            "`rapport ewp check` tells all",
            status=422,
        )
    return document


def institution(hei_ids: Mapping[str, str], unit: str, given: str | None) -> str:
    """The id of the institution that a unit is a part of. Raises Rejected("ewp-unit-unknown")."""
    if given is not None:
        return given.casefold()
    parts = unit.split("/")
    for length in range(len(parts), 0, -1):
        known = hei_ids.get("/".join(parts[:length]))
        if known is not None:
            return known.casefold()
    raise Rejected(
        "ewp-unit-unknown",
        f"the network's id of {unit!r} is not known: say it with `hei`, or the operator sets"
        " AGREEMENTS_HEI_IDS",
        field="hei",
        status=422,
    )


# --- import --------------------------------------------------------------------------------------


async def import_document(
    tx: Transaction,
    allow: Allow,
    document: Document,
    received: bytes,
    *,
    unit: str,
    our_hei: str,
    entered: Entered | None,
) -> Imported:
    """Every agreement of a document: new ones are entered, of known ones the copy is kept."""
    tx.reference.unit(unit)
    allow(unit)
    if not document.iias:
        raise Rejected("ewp-empty", "there is no agreement (`iia`) in it", status=422)
    sha256 = hashlib.sha256(received).hexdigest()
    imported = []
    for position, iia in enumerate(document.iias):
        told = told_by(iia, our_hei=our_hei, field=f"iia.{position}")
        copy = Copy(sha256, position, hash_of(iia), tx.now)
        known = await _known(tx, told, field=f"iia.{position}")
        if known is None:
            agreement, warnings = await _enter(tx, allow, told, unit=unit, entered=entered)
        else:
            agreement, warnings = known, []
            await own_agreement(tx, allow, agreement)
        new = await keeping.keep_copy(tx, agreement, copy, received, theirs=told.theirs_first)
        if iia.stated_hash != copy.iia_hash:
            warnings = [*warnings, "the hash that stands in it is not that of its text"]
        imported.append(
            ImportedAgreement(
                agreement=agreement,
                hei=told.hei,
                iia_id=told.iia_id,
                outcome="created" if known is None else "received" if new else "unchanged",
                iia_hash=copy.iia_hash,
                warnings=[*warnings, *told.warnings],
            )
        )
    return Imported(sha256=sha256, agreements=imported)


async def _known(tx: Transaction, told: Told, *, field: str) -> AgreementId | None:
    """The agreement that either id is of; what was not known of it is noted.

    Raises Rejected (409): `ewp-iia-id-used-again`, `ewp-iia-id-changed`.
    """
    by_theirs = await keeping.linked(tx, hei=told.hei, iia_id=told.iia_id)
    by_ours = await keeping.linked(tx, our_hei=told.our_hei, our_iia_id=told.our_iia_id)
    if by_ours is None and told.our_iia_id is not None:
        by_ours = await _by_our_own_id(tx, told)
    if by_theirs and by_ours and by_theirs[0] != by_ours[0]:
        raise Rejected(
            "ewp-iia-id-used-again",
            f"{told.iia_id!r} is the partner's id of {by_theirs[0]}, and {told.our_iia_id!r} ours"
            f" of {by_ours[0]}: ids are never used again",
            field=field,
        )
    found = by_theirs or by_ours
    if found is None:
        return None
    agreement, before = found
    now = before.model_copy(
        update={
            "iia_id": before.iia_id or told.iia_id,
            "iia_code": told.iia_code or before.iia_code,
        }
    )
    ids = [(now.hei, told.hei), (now.iia_id, told.iia_id), (now.our_iia_id, told.our_iia_id)]
    for known, said in ids:
        if said is not None and known != said:
            raise Rejected(
                "ewp-iia-id-changed",
                f"of {agreement} the id {known!r} is known, and this copy says {said!r}: "
                "ids do not change",
                field=field,
            )
    await keeping.link(tx, agreement, now)
    return agreement


async def _by_our_own_id(tx: Transaction, told: Told) -> tuple[AgreementId, Linked] | None:
    """An agreement that was exported under its own id and comes back for the first time."""
    found = await store.agreements.find(tx, id=told.our_iia_id)
    if found is None:
        return None
    subject = AgreementId(found.id)
    return await keeping.linked(tx, agreement=subject) or (
        subject,
        Linked(hei=told.hei, our_hei=told.our_hei, our_iia_id=found.id),
    )


async def _enter(
    tx: Transaction, allow: Allow, told: Told, *, unit: str, entered: Entered | None
) -> tuple[AgreementId, list[str]]:
    """A new agreement, as a proposal or in its present state."""
    known = await store.partners.with_identifier(tx, scheme="schac", value=told.hei)
    if known is None:
        raise Rejected(
            "ewp-partner-unknown",
            f"no partner has the SCHAC id {told.hei!r}; register it, or add the id to it",
            field="hei",
            status=422,
        )
    partner = (await _standing(tx, known)).id
    terms = told.terms | {
        "unit": unit,
        "parties": [{"party": unit, "side": "ours"}, {"party": partner, "side": "theirs"}],
    }
    ref = _ref(told)
    warnings: list[str] = []
    if entered == "proposed" or (entered is None and not told.in_effect):
        proposed = await propose_agreement(tx, allow, ProposeAgreement(**terms, ref=ref))
        agreement = AgreementId(proposed.id)
    else:
        fields = AgreementFields.model_validate(terms | _present_state(told, unit, partner))
        recorded = await record_told(tx, allow, AGREEMENTS, ref, fields)
        agreement, warnings = AgreementId(recorded.id), recorded.warnings
    new = Linked(
        hei=told.hei,
        iia_id=told.iia_id,
        iia_code=told.iia_code,
        our_hei=told.our_hei,
        our_iia_id=told.our_iia_id or agreement,
        our_iia_code=told.our_iia_code,
        particulars=told.particulars,
    )
    await keeping.link(tx, agreement, new)
    return agreement, warnings


async def _standing(tx: Transaction, partner: str) -> Partner:
    """The partner; or the one that it was merged into."""
    found = await store.partners.load(tx, partner, for_update=False)
    while found.merged_into is not None:
        found = await store.partners.load(tx, found.merged_into, for_update=False)
    return found


def _ref(told: Told) -> str:
    """The office's id of it: that of whoever has one, with the institution that gave it."""
    hei, iia_id = (
        (told.hei, told.iia_id) if told.iia_id is not None else (told.our_hei, told.our_iia_id)
    )
    ref = f"{_REF}{hei}:{iia_id}"
    return ref if len(ref) <= 100 else _REF + hashlib.sha256(ref.encode()).hexdigest()


_REF = "ewp:"


def _present_state(told: Told, unit: str, partner: str) -> dict[str, object]:
    days = [(unit, told.our_signing_date), (partner, told.their_signing_date)]
    signatures = [
        {"party": party, "on": day, "evidence": "Erasmus Without Paper"}
        for party, day in days
        if day
    ]
    signed = (
        {"signed_on": max(str(each["on"]) for each in signatures)} if len(signatures) == 2 else {}
    )
    ended = {"status": "terminated"} if told.terminated else {}
    return {"signatures": signatures, **signed, **ended}


# --- export, and comparison ----------------------------------------------------------------------


async def our_copy(
    tx: Transaction,
    subject: AgreementId,
    *,
    hei_ids: Mapping[str, str],
    hei: str | None,
    skill: Skill | None,
) -> bytes:
    """The agreement as the network's format writes it; or what of it the format cannot hold."""
    agreement = await store.agreements.load(tx, subject, for_update=False)
    partners = [await _standing(tx, partner) for partner in agreement.partners]
    must_be_holdable(agreement, partners)
    known = await keeping.linked(tx, agreement=subject)
    if known is None:
        ref = agreement.ref if agreement.ref and not agreement.ref.startswith(_REF) else None
        link = Linked(
            hei=hei_id_of(partners[0]),
            our_hei=institution(hei_ids, _our_unit(agreement), hei),
            our_iia_id=subject,
            our_iia_code=ref if ref and ref.isprintable() else subject,
        )
    else:
        link = known[1].model_copy(update={"our_iia_code": known[1].our_iia_code or subject})
    exported = Exported(
        linked=link,
        partner_country=partners[0].country,
        our_country=tx.reference.unit(agreement.unit).country,
        skill=skill,
        had_stays=bool(await store.stays_under(tx, subject)),
    )
    return written(agreement, exported)


def _our_unit(agreement: Agreement) -> str:
    return next(each.party for each in agreement.parties if each.side == "ours")


async def their_copy(tx: Transaction, subject: AgreementId) -> tuple[Copy, bytes]:
    """The partner's newest copy, and the bytes of its document.

    Raises Rejected (404): `agreement-unknown`, `ewp-copy-missing`.
    """
    await store.agreements.load(tx, subject, for_update=False)
    copy = await keeping.newest_copy(tx, subject)
    received = None if copy is None else await keeping.document_of(tx, copy)
    if copy is None or received is None:
        raise Rejected(
            "ewp-copy-missing",
            "no copy of the partner's is kept; import one (`rapport ewp import`)",
            status=404,
        )
    return copy, received


async def forget_copies(tx: Transaction, allow: Allow, subject: AgreementId) -> Forgotten:
    """Every document that was received for it is destroyed: somebody named in it asked for that.

    The hashes stay; what else was in the same documents goes with them.
    """
    await own_agreement(tx, allow, subject)
    return Forgotten(agreement=subject, documents=await keeping.forget(tx, subject))


async def differences(
    tx: Transaction,
    subject: AgreementId,
    *,
    hei_ids: Mapping[str, str],
    hei: str | None,
    skill: Skill | None,
) -> Differences:
    """What our copy and the partner's newest say otherwise, by meaning."""
    copy, received = await their_copy(tx, subject)
    ours = _only(await our_copy(tx, subject, hei_ids=hei_ids, hei=hei, skill=skill))
    theirs = read(received).iias[copy.position]
    compared = compare(ours, theirs)
    return Differences(
        agreement=subject,
        same=compared.same,
        differences=[
            SaidOtherwise(
                where=each.where,
                field=each.field,
                ours=each.ours,
                theirs=each.theirs,
                text=str(each),
            )
            for each in compared.differences
        ],
        remarks=compared.remarks,
        our_hash=hash_of(ours),
        their_hash=copy.iia_hash,
        their_stated_hash=theirs.stated_hash or None,
        received_sha256=copy.sha256,
    )


def _only(document: bytes) -> Iia:
    return read(document).iias[0]


async def approve_hash(
    tx: Transaction,
    allow: Allow,
    subject: AgreementId,
    command: ApproveHash,
    *,
    hei_ids: Mapping[str, str],
    skill: Skill | None,
) -> Agreement:
    """One side consents to the very text that the other side's copy has.

    Raises Rejected("ewp-hash-differs") if the copy has another hash by now, and what an approval
    is refused for.
    """
    await own_agreement(tx, allow, subject)
    if command.side == "ours":
        expected = (await their_copy(tx, subject))[0].iia_hash
    else:
        ours = await our_copy(tx, subject, hei_ids=hei_ids, hei=None, skill=skill)
        expected = hash_of(_only(ours))
    if command.iia_hash != expected:
        raise Rejected(
            "ewp-hash-differs",
            f"that copy has the hash {expected}: what would be approved is not what stands there",
            field="iia_hash",
        )
    evidence = f"Erasmus Without Paper, iia-hash {command.iia_hash}"
    approval = ApproveAgreement(side=command.side, on=command.on, evidence=evidence)
    return await approve_agreement(tx, allow, subject, approval)
