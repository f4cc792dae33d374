"""`rapport up` as a person runs it: one process, one address, and nothing left behind."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import psutil
import pytest

from shared.embedded import free_ports

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PATIENCE_SECONDS = 120.0


class Program:
    """One `rapport up`, and what it says."""

    def __init__(self, data: Path, *, port: int, keep: Sequence[str] = ()) -> None:
        self.data = data
        self.url = f"http://127.0.0.1:{port}"
        self.said = data.with_name(f"said-{port}")
        arguments = ["up", "--data", str(data), "--port", str(port)]
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("RAPPORT_")
        }
        for kept in (*keep, "RAPPORT_CACHE_DIR", "RAPPORT_MAVEN_MIRROR", "RAPPORT_KAFKA_JARS"):
            if kept in os.environ:
                environment[kept] = os.environ[kept]
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services", *arguments],
                stdout=said,
                stderr=said,
                env=environment,
                start_new_session=True,
            )

    def until_said(self, text: str) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while text not in self.said.read_text():
            assert self.process.poll() is None, self.said.read_text()
            assert time.monotonic() < until, f"not said: {text}; but: {self.said.read_text()}"
            time.sleep(0.1)

    def works(self) -> bool:
        """Every service is ready, and two of them answer from their databases."""
        paths = ("/ready", "/agreements/partners", "/visits")
        return all(self.get(path).status_code == 200 for path in paths)

    def get(self, path: str) -> httpx.Response:
        token = json.loads((self.data / "run.json").read_text())["token"]
        bearer = {"authorization": f"Bearer {token}"}
        return httpx.get(f"{self.url}{path}", headers=bearer, timeout=30)

    def ended(self) -> tuple[int, str]:
        code = self.process.wait(PATIENCE_SECONDS)
        return code, self.said.read_text()

    def tree(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def named(self, name: str) -> list[psutil.Process]:
        return [process for process in self.tree() if _is(process, name)]


def _is(process: psutil.Process, name: str) -> bool:
    """Not a guardian or a backend: those have the name of the process that forked them."""
    try:
        parent = process.parent()
        return process.name() == name and parent is not None and parent.name() != name
    except psutil.NoSuchProcess:
        return False


def still_running(processes: list[psutil.Process]) -> list[psutil.Process]:
    _, alive = psutil.wait_procs(processes, timeout=15)
    return [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    program = Program(tmp_path_factory.mktemp("up") / "data", port=free_ports(1)[0])
    program.until_said("Rapport is ready")
    yield program
    program.process.kill()
    program.process.wait()


def test_it_prints_and_writes_where_it_is(program: Program) -> None:
    file = program.data / "run.json"
    run = json.loads(file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (run["url"], run["pid"]) == (program.url, program.process.pid)
    said = program.said.read_text()
    for shown in (f"{program.url}/", run["token"], str(program.data / "logs")):
        assert shown in said
    assert httpx.get(f"{program.url}/agreements/partners").status_code == 401
    assert program.works()


def test_each_service_is_a_process_of_its_own_behind_one_address(program: Program) -> None:
    ready = httpx.get(f"{program.url}/ready").json()
    assert set(ready["for"]) == {"agreements", "visits", "mobility", "reporting", "notify"}
    assert [len(program.named(name)) for name in ready["for"]] == [1] * len(ready["for"])
    for name in ready["for"]:
        described = httpx.get(f"{program.url}/{name}/openapi.json").json()
        assert described["openapi"].startswith("3.")


def test_a_second_start_on_its_data_is_refused_with_who_has_it(program: Program) -> None:
    code, said = Program(program.data, port=free_ports(1)[0]).ended()
    assert code == 2
    assert f"in use by process {program.process.pid}" in " ".join(said.split())
    assert "--data" in said
    assert "Traceback" not in said


def test_a_taken_port_is_refused_with_how_to_choose_another(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        code, said = Program(tmp_path / "data", port=other.getsockname()[1]).ended()
    assert code == 2
    assert "--port" in said
    assert "Traceback" not in said
    assert not (tmp_path / "data" / "postgres").exists()


@pytest.mark.parametrize("name", ["visits", "postgres", "java"])
def test_what_is_killed_comes_back(program: Program, name: str) -> None:
    (killed,) = program.named(name)
    killed.kill()
    program.until_said("killed by SIGKILL")
    until = time.monotonic() + PATIENCE_SECONDS
    while not ({each.pid for each in program.named(name)} - {killed.pid} and program.works()):
        assert time.monotonic() < until, program.said.read_text()
        time.sleep(0.1)


def test_a_setting_that_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAPPORT_NOW", "2025-11-17T08:00")
    code, said = Program(tmp_path / "data", port=0, keep=["RAPPORT_NOW"]).ended()
    assert code == 2
    assert "RAPPORT_NOW" in said
    assert "Traceback" not in said


def test_ctrl_c_at_any_moment_leaves_nothing_and_nothing_half_made(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for moment in ("lock", "kafka.new", "logs/migrating.log", "logs/visits.log"):
        program = Program(data, port=free_ports(1)[0])
        until = time.monotonic() + PATIENCE_SECONDS
        while not (data / moment).exists():
            assert time.monotonic() < until, f"{moment} did not come; {program.said.read_text()}"
            time.sleep(0.01)
        tree = program.tree()
        program.process.send_signal(signal.SIGINT)
        code, said = program.ended()
        assert code == 0, f"at {moment}: {said}"
        assert "Traceback" not in said
        assert still_running(tree) == []
    program = Program(data, port=free_ports(1)[0])
    program.until_said("Rapport is ready")
    assert program.works()
    (deaf,) = program.named("visits")
    deaf.suspend()
    tree = program.tree()
    program.process.send_signal(signal.SIGINT)
    program.until_said("Stopping")
    program.process.send_signal(signal.SIGINT)
    assert program.process.wait(10) == 0, "the second Ctrl-C waits for nobody"
    assert still_running(tree) == []


def test_after_kill_nothing_runs_and_the_next_start_goes_on_and_stops_cleanly(
    program: Program,
) -> None:
    tree = program.tree()
    assert len(tree) > 12
    program.process.kill()
    program.process.wait()
    assert still_running(tree) == []
    again = Program(program.data, port=free_ports(1)[0])
    again.until_said("Rapport is ready")
    tree = again.tree()
    again.process.send_signal(signal.SIGINT)
    code, said = again.ended()
    assert code == 0, said
    assert still_running(tree) == []
    assert not (program.data / "run.json").exists()
    assert (program.data / "kafka" / ".kafka_cleanshutdown").exists()
    assert "database system is shut down" in (program.data / "logs" / "postgres.log").read_text()
