"""Tokens: what is not exactly right is refused."""

from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from shared.clock import Clock
from shared.errors import Rejected
from shared.security import Role, Tokens

KEY = "k" * 32
NOW = datetime(2025, 11, 17, 1, tzinfo=UTC)


def tokens(key: str = KEY) -> Tokens:
    return Tokens(key, Clock(NOW))


def issue(clock: Clock, **changes: object) -> str:
    now = int(clock.now().timestamp())
    claims = {
        "iss": "rapport",
        "aud": "rapport",
        "sub": "ha",
        "exp": now + 60,
        "roles": ["reader"],
        "units": ["hust"],
    } | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": "HS256"}, kept, OctKey.import_key(KEY), algorithms=["HS256"])


def test_a_token_brings_back_who_it_was_issued_for() -> None:
    token = tokens().issue(subject="ha", roles=[Role.COORDINATOR], units=["hust"], seconds=60)
    principal = tokens().verify(token)
    assert principal.subject == "ha"
    assert principal.roles == {Role.COORDINATOR}
    assert principal.covers("hust/me")
    assert not principal.covers("hustle")
    assert not principal.covers("nist")


def test_a_token_expires_by_the_clock_of_rapport() -> None:
    clock = Clock(NOW)
    issuer = Tokens(KEY, clock)
    token = issuer.issue(subject="ha", roles=[Role.READER], units=["*"], seconds=60)
    clock.advance(timedelta(seconds=61))
    with pytest.raises(Rejected) as refused:
        issuer.verify(token)
    assert (refused.value.code, refused.value.status) == ("token-invalid", 401)


@pytest.mark.parametrize(
    "changes",
    [{"iss": "other"}, {"aud": "other"}, {"exp": None}, {"sub": None}, {"iss": None}],
)
def test_a_token_with_a_wrong_or_missing_claim_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(Rejected):
        tokens().verify(issue(Clock(NOW), **changes))


def test_a_token_of_another_key_or_algorithm_is_refused() -> None:
    other = tokens("x" * 32).issue(subject="ha", roles=[], units=[], seconds=60)
    unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJoYSJ9."
    for token in (other, unsigned, "", "a.b.c"):
        with pytest.raises(Rejected):
            tokens().verify(token)


def test_a_role_that_nobody_knows_gives_nothing() -> None:
    principal = tokens().verify(issue(Clock(NOW), roles=["reader", "emperor"]))
    assert principal.roles == {Role.READER}
