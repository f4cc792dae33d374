"""Who calls, and what their role and units allow. Denial is the default."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.jwt import JWTClaimsRegistry

from shared.clock import Clock
from shared.errors import Rejected
from shared.reference import Reference

__all__ = ["Principal", "Role", "Tokens"]

_ISSUER = "rapport"
_AUDIENCE = "rapport"


class Role(StrEnum):
    """What a token may do; a token may have several."""

    READER = "reader"
    """May read every register, measure, plan and report."""
    COORDINATOR = "coordinator"
    """May also record and change what its units own."""
    OPERATOR = "operator"
    """May look after the plumbing: parked records, replays, status."""
    UPSTREAM = "upstream"
    """May hand in upstream events, and read what became of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who a token speaks for."""

    subject: str
    roles: frozenset[Role]
    units: frozenset[str]

    def has(self, roles: Iterable[Role]) -> bool:
        return not self.roles.isdisjoint(roles)

    def covers(self, unit: str) -> bool:
        """True if the unit is one of this principal's, or a part of one."""
        return any(Reference.covers(own, unit) for own in self.units)


class Tokens:
    """Issues and verifies access tokens: JWT, HS256, with audience, issuer and expiry."""

    def __init__(self, key: str, clock: Clock) -> None:
        self._key = OctKey.import_key(key)
        self._clock = clock

    def issue(
        self, *, subject: str, roles: Iterable[Role], units: Iterable[str], seconds: int
    ) -> str:
        """A token that holds for so many seconds."""
        now = int(self._clock.now().timestamp())
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": subject,
            "iat": now,
            "exp": now + seconds,
            "roles": sorted(roles),
            "units": sorted(units),
        }
        return jwt.encode({"alg": "HS256"}, claims, self._key, algorithms=["HS256"])

    def verify(self, token: str) -> Principal:
        """Who the token speaks for. Raises Rejected("token-invalid", 401), never saying why
        in a way that helps to forge one."""
        registry = JWTClaimsRegistry(
            now=int(self._clock.now().timestamp()),
            iss={"essential": True, "value": _ISSUER},
            aud={"essential": True, "value": _AUDIENCE},
            exp={"essential": True},
            sub={"essential": True},
        )
        try:
            claims = jwt.decode(token, self._key, algorithms=["HS256"]).claims
            registry.validate(claims)
            known = {role.value for role in Role}
            roles = frozenset(Role(role) for role in claims.get("roles", ()) if role in known)
            units = frozenset(str(unit) for unit in claims.get("units", ()))
            return Principal(subject=str(claims["sub"]), roles=roles, units=units)
        except (JoseError, ValueError, TypeError) as error:
            raise Rejected(
                "token-invalid", "the access token is not valid, or not any more", status=401
            ) from error
