"""The life of an agreement: given its state, when a step is taken, then facts or a refusal."""

from typing import Any

import pytest

from services.agreements.domain import agreement_suspensions, agreements
from services.agreements.domain.agreements import Agreement
from services.agreements.events.agreements import AgreementTerms, AgreementWhole
from services.agreements.events.values import AgreementId
from tests.agreements.making import (
    BOTH_APPROVED,
    OTHERS,
    OURS,
    THEIRS,
    TODAY,
    an_agreement,
    on,
    refused,
    types,
)

SUBJECT = AgreementId("agreement-01k9zv5n3m8q4w7t2r6y0a1b2c")
TERMS: dict[str, Any] = {
    "unit": "hust/me",
    "kind": "dual-degree",
    "title": "Dual degree in mechatronics",
    "parties": [{"party": OURS, "side": "ours"}, {"party": THEIRS, "side": "theirs"}],
}


def _proposed(**fields: Any) -> Agreement:
    terms = AgreementTerms.model_validate(TERMS | fields)
    return agreements.propose(SUBJECT, terms, today=TODAY)[0]


def test_a_proposal_is_proposed_today_unless_it_says_when() -> None:
    assert _proposed().proposed_on == "2025-11-17"
    assert _proposed(proposed_on="2025-10").proposed_on == "2025-10"


def test_the_fact_of_a_proposal_carries_every_field() -> None:
    terms = AgreementTerms.model_validate(TERMS)
    _, (fact,) = agreements.propose(SUBJECT, terms, today=TODAY)
    assert fact.model_fields_set == set(AgreementWhole.model_fields)


def test_an_agreement_needs_two_parties() -> None:
    with refused("agreement-needs-two-parties", field="parties"):
        _proposed(parties=[{"party": OURS, "side": "ours"}])


def test_an_agreement_among_our_own_units_is_none() -> None:
    with refused("agreement-needs-both-sides"):
        _proposed(parties=[{"party": "hust", "side": "ours"}, {"party": OURS, "side": "ours"}])


def test_a_party_is_named_once() -> None:
    with refused("agreement-party-twice", field="parties.2"):
        _proposed(parties=[*TERMS["parties"], {"party": THEIRS, "side": "theirs"}])


def test_an_agreement_does_not_end_before_it_begins() -> None:
    with refused("agreement-ends-before-it-begins", field="valid_until"):
        _proposed(valid_from="2026-09-01", valid_until="2026-08-31")


def test_an_agreement_of_one_year_may_begin_and_end_in_it() -> None:
    assert _proposed(valid_from="2026-09-01", valid_until="2026").valid_until == "2026"


def test_a_tacit_renewal_says_for_how_long() -> None:
    with refused("agreement-renewal-without-months", field="renewal.months"):
        _proposed(renewal={"rule": "tacit"})


def test_an_approval_before_the_review_is_refused() -> None:
    with refused("agreement-not-under-review"):
        agreements.approve(
            an_agreement("proposed"), side="ours", on=on("2025-10"), evidence=None, today=TODAY
        )


def test_one_sided_approval_is_not_agreement() -> None:
    agreement, _ = agreements.approve(
        an_agreement("under-review"), side="ours", on=on("2025-10"), evidence=None, today=TODAY
    )
    assert agreement.status == "under-review"
    with refused("agreement-not-approved"):
        agreements.sign(agreement, party=OURS, on=on("2025-10"), evidence=None, today=TODAY)


def test_the_approval_of_both_sides_makes_it_approved_but_not_signed() -> None:
    half = an_agreement("under-review", approvals=BOTH_APPROVED[:1])
    agreement, _ = agreements.approve(
        half, side="theirs", on=on("2025-10-20"), evidence="letter", today=TODAY
    )
    assert (agreement.status, agreement.signed_on, agreement.signatures) == ("approved", None, ())


def test_the_other_sides_step_needs_evidence() -> None:
    with refused("agreement-evidence-missing", field="evidence"):
        agreements.approve(
            an_agreement("under-review"),
            side="theirs",
            on=on("2025-10"),
            evidence=None,
            today=TODAY,
        )
    with refused("agreement-evidence-missing", field="evidence"):
        agreements.sign(
            an_agreement("approved"), party=THEIRS, on=on("2025-10"), evidence="", today=TODAY
        )


def test_a_side_approves_once() -> None:
    half = an_agreement("under-review", approvals=BOTH_APPROVED[:1])
    with refused("agreement-already-approved"):
        agreements.approve(half, side="ours", on=on("2025-10"), evidence=None, today=TODAY)


def test_it_is_signed_when_the_last_party_has_signed() -> None:
    three = an_agreement(
        "approved",
        parties=[
            {"party": OURS, "side": "ours"},
            {"party": THEIRS, "side": "theirs"},
            {"party": OTHERS, "side": "theirs"},
        ],
    )
    first, _ = agreements.sign(
        three, party=OTHERS, on=on("2025-10-30"), evidence="copy", today=TODAY
    )
    second, _ = agreements.sign(first, party=OURS, on=on("2025-10-01"), evidence=None, today=TODAY)
    assert (second.status, second.signed_on) == ("approved", None)
    last, _ = agreements.sign(
        second, party=THEIRS, on=on("2025-10-15"), evidence="copy", today=TODAY
    )
    assert (last.status, last.signed_on, last.valid_from) == ("signed", "2025-10-30", "2025-10-30")


def test_a_first_day_that_was_agreed_is_not_the_day_of_signature() -> None:
    agreement = an_agreement("approved", valid_from="2026-09-01")
    for party in (OURS, THEIRS):
        agreement, _ = agreements.sign(
            agreement, party=party, on=on("2025-11-01"), evidence="copy", today=TODAY
        )
    assert (agreement.status, agreement.valid_from) == ("signed", "2026-09-01")


def test_only_a_party_signs_and_once() -> None:
    approved = an_agreement("approved")
    with refused("agreement-party-unknown", field="party"):
        agreements.sign(approved, party=OTHERS, on=on("2025-10"), evidence="x", today=TODAY)
    once, _ = agreements.sign(approved, party=OURS, on=on("2025-10"), evidence=None, today=TODAY)
    with refused("agreement-already-signed"):
        agreements.sign(once, party=OURS, on=on("2025-10"), evidence=None, today=TODAY)


def test_nobody_signs_tomorrow_or_before_it_was_approved() -> None:
    approved = an_agreement("approved")
    with refused("date-in-future", field="on"):
        agreements.sign(approved, party=OURS, on=on("2025-11-18"), evidence=None, today=TODAY)
    with refused("agreement-signed-before-approval", field="on"):
        agreements.sign(approved, party=OURS, on=on("2025-01-19"), evidence=None, today=TODAY)


@pytest.mark.parametrize("status", ["proposed", "under-review", "approved"])
def test_it_can_be_withdrawn_before_the_last_signature(status: str) -> None:
    decided = agreements.withdraw(
        an_agreement(status), on=on("2025-11"), reason="never returned", today=TODAY
    )
    assert (types(decided), decided[0].status) == (["agreement-withdrawn"], "withdrawn")


@pytest.mark.parametrize("status", ["signed", "in-force", "lapsed", "terminated"])
def test_what_all_have_signed_is_not_withdrawn(status: str) -> None:
    with refused("agreement-cannot-be-withdrawn"):
        agreements.withdraw(an_agreement(status), on=on("2025-11"), reason="x", today=TODAY)


def test_a_suspended_agreement_is_resumed_and_not_suspended_again() -> None:
    rests, _ = agreement_suspensions.suspend(
        an_agreement(), on=on("2025-03"), reason="no travel is allowed", today=TODAY
    )
    with refused("agreement-not-in-force"):
        agreement_suspensions.suspend(rests, on=on("2025-04"), reason="again", today=TODAY)
    resumed, _ = agreement_suspensions.resume(rests, on=on("2025-08"), today=TODAY)
    assert resumed.status == "in-force"
    assert [each.model_dump() for each in resumed.suspensions] == [
        {"suspended_from": "2025-03", "suspended_until": "2025-07"}
    ]
    with refused("agreement-not-suspended"):
        agreement_suspensions.resume(resumed, on=on("2025-09"), today=TODAY)


def test_a_rest_of_no_day_leaves_nothing_behind() -> None:
    rests, _ = agreement_suspensions.suspend(
        an_agreement(), on=on("2025-11-14"), reason="a mistake", today=TODAY
    )
    resumed, _ = agreement_suspensions.resume(rests, on=on("2025-11-14"), today=TODAY)
    assert resumed.suspensions == ()


def test_suspensions_follow_one_another() -> None:
    past = [{"suspended_from": "2025-03-01", "suspended_until": "2025-07-31"}]
    with refused("agreement-suspensions-in-disorder", field="suspensions.1"):
        agreement_suspensions.suspend(
            an_agreement(suspensions=past), on=on("2025-07-31"), reason="x", today=TODAY
        )
    with refused("agreement-suspensions-in-disorder", field="suspensions.0"):
        agreement_suspensions.suspend(
            an_agreement(), on=on("2025-07-31"), until=on("2025-06"), reason="x", today=TODAY
        )
    rests = an_agreement("suspended", suspensions=[{"suspended_from": "2025-03-01"}])
    with refused("agreement-resumed-before-suspension", field="on"):
        agreement_suspensions.resume(rests, on=on("2025-02"), today=TODAY)


def test_a_termination_states_its_notice_and_its_last_day() -> None:
    terminated, (fact,) = agreements.terminate(
        an_agreement(),
        notice_on=on("2025-11-10"),
        ended_on=on("2026-08-31"),
        reason="closed",
        by_both=False,
        today=TODAY,
    )
    assert terminated.status == "terminated"
    assert (terminated.notice_on, terminated.ended_on) == ("2025-11-10", "2026-08-31")
    assert fact.model_fields_set == {"reason", "notice_on", "ended_on", "status"}


def _terminate(agreement: Agreement, *, ended_on: str, by_both: bool = False) -> Agreement:
    return agreements.terminate(
        agreement,
        notice_on=on("2025-11-10"),
        ended_on=on(ended_on),
        reason="closed",
        by_both=by_both,
        today=TODAY,
    )[0]


def test_the_term_of_notice_is_kept_unless_both_sides_waive_it() -> None:
    agreement = an_agreement(renewal={"rule": "tacit", "months": 12, "notice_months": 6})
    with refused("agreement-notice-too-short", field="ended_on"):
        _terminate(agreement, ended_on="2026-05-09")
    assert _terminate(agreement, ended_on="2026-05-10").status == "terminated"
    assert _terminate(agreement, ended_on="2025-11-30", by_both=True).status == "terminated"


def test_a_termination_ends_neither_before_its_notice_nor_after_the_agreed_end() -> None:
    with refused("agreement-ends-before-notice", field="ended_on"):
        _terminate(an_agreement(), ended_on="2025-11-09")
    with refused("agreement-ends-earlier", field="ended_on"):
        _terminate(an_agreement(valid_until="2026-01-31"), ended_on="2026-02-01")


@pytest.mark.parametrize("status", ["proposed", "approved", "lapsed", "withdrawn", "terminated"])
def test_what_does_not_hold_is_not_terminated(status: str) -> None:
    with refused("agreement-not-in-force"):
        _terminate(an_agreement(status), ended_on="2026-01-01")


def test_a_renewal_by_agreement_makes_it_longer_and_never_shorter() -> None:
    agreement = an_agreement(valid_until="2026-01-31", renewal={"rule": "by-agreement"})
    renewed, _ = agreements.renew(
        agreement, valid_until=on("2031-01-31"), on=on("2025-11"), evidence="letters", today=TODAY
    )
    assert renewed.valid_until == "2031-01-31"
    with refused("agreement-renewal-not-longer", field="valid_until"):
        agreements.renew(
            renewed, valid_until=on("2030"), on=on("2025-11"), evidence="letters", today=TODAY
        )


def test_a_renewal_can_make_it_open_ended() -> None:
    agreement = an_agreement(valid_until="2026-01-31", renewal={"rule": "by-agreement"})
    renewed, (fact,) = agreements.renew(
        agreement, valid_until=None, on=on("2025-11"), evidence="letters", today=TODAY
    )
    assert renewed.valid_until is None
    assert b'"valid_until":null' in fact.data()


def test_an_agreement_that_is_not_to_be_renewed_needs_a_successor() -> None:
    with refused("agreement-not-renewable"):
        agreements.renew(
            an_agreement(valid_until="2026"),
            valid_until=None,
            on=on("2025-11"),
            evidence="letters",
            today=TODAY,
        )


def test_a_successor_must_be_in_force_and_another_agreement() -> None:
    before, after = an_agreement(), an_agreement("signed")
    with refused("agreement-successor-not-in-force"):
        agreements.supersede(before, successor=after, ended_on=on("2025-11-16"))
    with refused("agreement-supersedes-itself"):
        agreements.supersede(before, successor=before, ended_on=on("2025-11-16"))


def test_a_superseded_agreement_names_its_successor_and_its_last_day() -> None:
    before, after = an_agreement(), an_agreement()
    superseded, _ = agreements.supersede(before, successor=after, ended_on=on("2025-11-16"))
    assert (superseded.status, superseded.superseded_by, superseded.ended_on) == (
        "superseded",
        after.id,
        "2025-11-16",
    )
