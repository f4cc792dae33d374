"""Kafka's jars are fetched once, never trusted unseen, and asked for in a way that helps."""

import functools
import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from shared.embedded.jars import Jar, JarSettings, JarsMissing, class_path, pinned

CONTENT = {"one": b"the first jar" * 1000, "two": b"the second jar" * 1000}
JARS = [
    Jar(
        coordinates=f"org.example:{name}:1.0",
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    for name, content in CONTENT.items()
]
QUIET = Console(quiet=True)


class Mirror:
    """A Maven repository on this machine, which counts the jars that are asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        for name, content in CONTENT.items():
            path = self.path(name)
            path.parent.mkdir(parents=True)
            path.write_bytes(content)
        asked = self.asked

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_request(self, code: object = "-", size: object = "-") -> None:
                del code, size
                if self.path.endswith(".jar"):
                    asked.append(self.path.rpartition("/")[2])

            def log_message(self, *_args: object) -> None:
                """It says nothing."""

        handler = functools.partial(Handler, directory=str(folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def path(self, name: str) -> Path:
        return self.folder / "org/example" / name / "1.0" / f"{name}-1.0.jar"


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    mirror = Mirror(tmp_path / "mirror")
    thread = threading.Thread(target=mirror.server.serve_forever, daemon=True)
    thread.start()
    yield mirror
    mirror.server.shutdown()
    mirror.server.server_close()
    thread.join()


@pytest.fixture
def settings(mirror: Mirror, tmp_path: Path) -> JarSettings:
    return JarSettings(cache_dir=tmp_path / "cache", maven_mirror=mirror.url, kafka_jars=None)


def fetched(settings: JarSettings) -> list[bytes]:
    return [path.read_bytes() for path in class_path(settings, jars=JARS, console=QUIET)]


def test_a_second_start_asks_nobody(mirror: Mirror, settings: JarSettings) -> None:
    assert fetched(settings) == list(CONTENT.values())
    assert sorted(mirror.asked) == ["one-1.0.jar", "two-1.0.jar"]
    assert fetched(settings) == list(CONTENT.values())
    assert len(mirror.asked) == 2


@pytest.mark.parametrize("damage", [b"", b"the first jar" * 999 + b"the first jaR"])
def test_a_damaged_jar_is_fetched_again(
    mirror: Mirror, settings: JarSettings, damage: bytes
) -> None:
    fetched(settings)
    (settings.cache_dir / "kafka" / "one-1.0.jar").write_bytes(damage)
    assert fetched(settings) == list(CONTENT.values())
    assert mirror.asked.count("one-1.0.jar") == 2
    assert mirror.asked.count("two-1.0.jar") == 1


def test_a_jar_with_another_digest_is_never_used(mirror: Mirror, settings: JarSettings) -> None:
    mirror.path("two").write_bytes(b"something else")
    with pytest.raises(JarsMissing, match=r"two-1\.0\.jar arrived with another SHA-256"):
        fetched(settings)
    assert [path.name for path in (settings.cache_dir / "kafka").iterdir()] == ["one-1.0.jar"]


def test_jars_that_cannot_be_had_name_the_three_ways_out(
    mirror: Mirror, settings: JarSettings
) -> None:
    mirror.path("one").unlink()
    with pytest.raises(JarsMissing) as refusal:
        fetched(settings)
    for way_out in ("RAPPORT_MAVEN_MIRROR", "RAPPORT_KAFKA_JARS", "RAPPORT_KAFKA_SERVERS"):
        assert way_out in str(refusal.value)


def test_a_mirror_that_nobody_runs_is_refused_in_the_same_words(settings: JarSettings) -> None:
    nowhere = settings.model_copy(update={"maven_mirror": "http://127.0.0.1:9"})
    with pytest.raises(JarsMissing, match="RAPPORT_KAFKA_JARS"):
        fetched(nowhere)


def test_a_folder_of_jars_is_used_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    (folder / "deeper").mkdir(parents=True)
    (folder / "deeper" / "one-1.0.jar").write_bytes(CONTENT["one"])
    (folder / "two-1.0.jar").write_bytes(CONTENT["two"])
    settings = JarSettings(cache_dir=tmp_path / "cache", maven_mirror=None, kafka_jars=folder)
    assert fetched(settings) == list(CONTENT.values())
    (folder / "two-1.0.jar").write_bytes(b"something else")
    (folder / "deeper" / "one-1.0.jar").unlink()
    with pytest.raises(JarsMissing, match=r"one-1\.0\.jar: not there; two-1\.0\.jar: its SHA-256"):
        fetched(settings)
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_cannot_be_written_names_the_setting(settings: JarSettings) -> None:
    settings.cache_dir.write_text("a file, not a folder")
    with pytest.raises(JarsMissing, match="RAPPORT_CACHE_DIR"):
        fetched(settings)


def test_giving_up_ends_the_fetching(settings: JarSettings) -> None:
    given_up = threading.Event()
    given_up.set()
    with pytest.raises(JarsMissing, match="given up"):
        class_path(settings, jars=JARS, console=QUIET, given_up=given_up)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_CACHE_DIR", "/somewhere")
    monkeypatch.setenv("RAPPORT_MAVEN_MIRROR", "http://mirror.example/maven")
    monkeypatch.setenv("RAPPORT_KAFKA_JARS", "/jars")
    settings = JarSettings()
    assert settings.cache_dir == Path("/somewhere")
    assert settings.maven_mirror == "http://mirror.example/maven"
    assert settings.kafka_jars == Path("/jars")


def test_the_pinned_list_is_whole_and_of_one_kafka() -> None:
    jars = pinned()
    assert len({jar.name for jar in jars}) == len(jars) == 46
    ours = [jar for jar in jars if jar.coordinates.startswith("org.apache.kafka:")]
    assert {jar.coordinates.rpartition(":")[2] for jar in ours} == {"4.3.1"}
    assert all(len(jar.sha256) == 64 for jar in jars)
    assert replace(jars[0], sha256="0" * 64).is_in(Path("/nonexistent")) is False
