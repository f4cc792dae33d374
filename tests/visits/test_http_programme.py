"""The programme of a visit: who receives whom, where and when."""

from typing import Any


async def test_a_programme_names_hosts_and_partners_by_item(office: Any, others: Any) -> None:
    bosch = await others.partner(ref="P-9", name="Bosch", kind="company", country="DE")
    visit = await office.visit()
    await office.post(f"/{visit}/screenings", accepted=True)
    tour = {"title": "Tour", "at": "2025-12-15T09:30", "until": "2025-12-15T10:15", "place": "C2"}
    planned = await office.post(
        f"/{visit}/programmes", agenda=[tour | {"host": "hust/me", "partner": "ref:P-9"}]
    )
    assert planned["agenda"] == [tour | {"host": "hust/me", "partner": bosch}]
    unknown = {"host": "nowhere", "partner": "ref:nobody"}
    for part, code, status in (("host", "unit-unknown", 422), ("partner", "partner-unknown", 409)):
        agenda = [tour | {part: unknown[part]}]
        refusal = await office.post(f"/{visit}/programmes", status, agenda=agenda)
        assert (refusal["code"], refusal["field"]) == (code, f"agenda.0.{part}")
    corrected = await office.post(
        f"/{visit}/corrections",
        field="agenda",
        value=[tour | {"partner": "ref:P-9"}],
        reason="No host",
    )
    assert corrected["agenda"][0] == tour | {"host": None, "partner": bosch}
