"""A client of the service that says what was answered where it expected something else."""

from typing import Any

from tests.support.office import Office as Client
from tests.support.office import understood

TOLD_PARTNER: dict[str, Any] = {
    "unit": "hust",
    "kind": "university",
    "name": "Nagaoka University",
    "country": "JP",
}


class Office(Client):
    """A coordinator at the HTTP interface of the service."""

    path = "/agreements"

    async def post(
        self, path: str, expect: int = 200, /, *, key: str | None = None, **body: Any
    ) -> Any:
        headers = {} if key is None else {"idempotency-key": key}
        answer = await self.client.post(f"{self.path}{path}", json=body, headers=headers)
        return understood(answer, expect)

    async def ids(self, path: str, **query: Any) -> list[str]:
        """The ids on the first page of a list."""
        return [each["id"] for each in (await self.get(path, **query))["items"]]

    async def partner(self, **fields: Any) -> str:
        """The id of a new partner."""
        return str((await self.post("/partners", 201, **TOLD_PARTNER | fields))["id"])

    async def proposal(self, partner: str, **fields: Any) -> str:
        """The id of a newly proposed agreement with that partner."""
        told = {
            "unit": "hust/me",
            "kind": "exchange",
            "title": "Exchange of students",
            "parties": [
                {"party": "hust/me", "side": "ours"},
                {"party": partner, "side": "theirs"},
            ],
        }
        return str((await self.post("", 201, **told | fields))["id"])

    async def agreed(self, partner: str, **fields: Any) -> dict[str, Any]:
        """An agreement that everybody approved and signed, the last one on 12 November 2025."""
        agreement = await self.proposal(partner, **fields)
        await self.post(f"/{agreement}/review", on="2025-10-01")
        await self.post(f"/{agreement}/approvals", side="ours", on="2025-10-06")
        await self.post(
            f"/{agreement}/approvals", side="theirs", on="2025-10-20", evidence="letter"
        )
        await self.post(f"/{agreement}/signatures", party="hust/me", on="2025-11-10")
        signed: dict[str, Any] = await self.post(
            f"/{agreement}/signatures", party=partner, on="2025-11-12", evidence="signed copy"
        )
        return signed
