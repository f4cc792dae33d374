"""What an older version of this service kept is there in the newer one's tables."""

import asyncpg

from shared.migrating import upgrade
from tests.conftest import MakeDatabase


async def test_versions_of_records_become_their_history_and_what_is_known_now(
    make_database: MakeDatabase,
) -> None:
    url = await make_database(None)
    await upgrade("reporting", url, to="0002")
    connection = await asyncpg.connect(url)
    await connection.execute("""
        insert into versions values
            ('stay-1', 1, 'stay', '{hust}', '2019-03-01', '2019-07-31', '2025-01-01Z',
             '2025-02-01Z', '{"unit": "hust", "status": "nominated"}'),
            ('stay-1', 2, 'stay', '{hust}', '2019-03-01', '2019-07-31', '2025-02-01Z',
             null, '{"unit": "hust", "status": "approved"}')
    """)
    await upgrade("reporting", url)
    [record] = await connection.fetch(
        "select version, kind, units, state->>'status' as status from records"
    )
    assert tuple(record) == (2, "stay", ["hust"], "approved")
    told = await connection.fetch(
        "select version, fields->>'status' as status from history order by known_from"
    )
    assert [tuple(row) for row in told] == [(1, "nominated"), (2, "approved")]
    await connection.close()
