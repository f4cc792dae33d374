"""Whatever is sent to a service, it answers as its description says.

By hand, with other examples: `.venv/bin/python -m pytest -m ci tests/http -k visits`, with
RAPPORT_SCHEMATHESIS="--seed 7 --max-examples 50" in the environment.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.http.descriptions import SERVICES
from tests.http.serving import serving

CONFIG = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = os.environ.get("RAPPORT_SCHEMATHESIS", "--seed 1 --max-examples 6").split()


@pytest.mark.ci
@pytest.mark.timeout(900)
@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_answers_as_its_description_says_whatever_is_sent(
    service: str, make_database: Callable[..., Awaitable[str]], tmp_path: Path
) -> None:
    database = await make_database(service)
    with serving(service, tmp_path, database_url=database) as served:
        run = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("schemathesis"),
            f"--config-file={CONFIG}",
            "run",
            f"{served.url}/{service}/openapi.json",
            f"--header=Authorization: Bearer {served.token}",
            "--phases=examples,coverage,fuzzing,stateful",
            "--checks=all",
            "--continue-on-failure",
            "--output-sanitize=false",
            "--workers=1",  # two threads that parse Python at once break CPython 3.11
            *EXAMPLES,
            cwd=tmp_path,
            env=os.environ | {"NO_COLOR": "1", "COLUMNS": "120"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await run.communicate()
    assert run.returncode == 0, said.decode()[-20_000:]
