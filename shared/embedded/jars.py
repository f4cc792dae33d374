"""Apache Kafka's own jars: a pinned list, fetched once, verified at every start (46 in 0.05 s)."""

import contextlib
import hashlib
import shutil
import tempfile
import threading
import tomllib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import platformdirs
from pydantic_settings import BaseSettings, SettingsConfigDict
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TransferSpeedColumn,
)

from shared.embedded.children import CannotStart

AT_ONCE = 8
TRIES = 3
TIMEOUT_SECONDS = 20


class JarSettings(BaseSettings):
    """Where the jars come from: `RAPPORT_CACHE_DIR`, `_MAVEN_MIRROR`, `_KAFKA_JARS`."""

    model_config = SettingsConfigDict(env_prefix="RAPPORT_", extra="ignore")

    cache_dir: Path = Path(platformdirs.user_cache_dir("rapport"))
    maven_mirror: str | None = None
    kafka_jars: Path | None = None


class JarsMissing(CannotStart):
    """Kafka's jars cannot be had; the text names the ways out."""


@dataclass(frozen=True, kw_only=True)
class Jar:
    """One file of the list; `coordinates` as Maven writes them, group:artifact:version."""

    coordinates: str
    bytes: int
    sha256: str

    @property
    def name(self) -> str:
        _, artifact, version = self.coordinates.split(":")
        return f"{artifact}-{version}.jar"

    def is_in(self, path: Path) -> bool:
        """Whether `path` holds exactly this file."""
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256
        except OSError:
            return False


def pinned() -> Sequence[Jar]:
    """The list in `jars.toml`."""
    text = files("shared.embedded").joinpath("jars.toml").read_text()
    return [Jar(**entry) for entry in tomllib.loads(text)["jars"]]


def class_path(
    settings: JarSettings | None = None,
    *,
    jars: Sequence[Jar] | None = None,
    console: Console | None = None,
    given_up: threading.Event | None = None,
) -> list[Path]:
    """Paths of all jars, each verified; what is missing or damaged is fetched (blocking).

    `given_up`: set from another thread, it ends the fetching. Raises JarsMissing, which says how
    else they can be had.
    """
    settings = settings or JarSettings()
    jars = pinned() if jars is None else jars
    if settings.kafka_jars is not None:
        return _of_folder(settings.kafka_jars, jars)
    folder = settings.cache_dir / "kafka"
    paths = [folder / jar.name for jar in jars]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        sound = list(pool.map(Jar.is_in, jars, paths))
    missing = [jar for jar, is_sound in zip(jars, sound, strict=True) if not is_sound]
    if missing:
        fetching = _Fetching(
            jars=missing,
            folder=folder,
            mirror=settings.maven_mirror,
            console=console or Console(stderr=True),
            given_up=given_up or threading.Event(),
        )
        fetching.run()
    return paths


def _of_folder(folder: Path, jars: Sequence[Jar]) -> list[Path]:
    found = {path.name: path for path in folder.rglob("*.jar")}
    wrong = [
        f"{jar.name}: {'its SHA-256 differs' if jar.name in found else 'not there'}"
        for jar in jars
        if jar.name not in found or not jar.is_in(found[jar.name])
    ]
    if wrong:
        raise JarsMissing(
            f"RAPPORT_KAFKA_JARS={folder} lacks {len(wrong)} of the {len(jars)} jars of the list "
            f"shared/embedded/jars.toml ({'; '.join(wrong[:3])}{', ...' if wrong[3:] else ''}). "
            "Put them there, or unset it so that they are fetched."
        )
    return [found[jar.name] for jar in jars]


@dataclass(frozen=True, kw_only=True)
class _Fetching:
    """One download of what is missing, several jars at once."""

    jars: Sequence[Jar]
    folder: Path
    mirror: str | None
    console: Console
    given_up: threading.Event

    def run(self) -> None:
        # fetched beside, verified, then renamed: two starts at once, or a kill, leave no half a jar
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            private = Path(tempfile.mkdtemp(prefix=".fetching-", dir=self.folder))
        except OSError as error:
            raise JarsMissing(
                f"Apache Kafka's jars cannot be kept in {self.folder} ({error.strerror}). Name "
                "another folder in RAPPORT_CACHE_DIR."
            ) from error
        try:
            with self._progress() as progress, ThreadPoolExecutor(AT_ONCE) as pool:
                tasks = [pool.submit(self._fetch, jar, private, progress) for jar in self.jars]
                failures = [why for task in tasks if (why := task.exception()) is not None]
        finally:
            shutil.rmtree(private, ignore_errors=True)
        if failures:
            raise JarsMissing(
                f"{len(failures)} of Apache Kafka's {len(self.jars)} missing jars could not be "
                f"fetched ({failures[0]}). Ways out: a Maven mirror that this machine reaches "
                "(RAPPORT_MAVEN_MIRROR=https://...), a folder with the jars "
                "(RAPPORT_KAFKA_JARS=/path), or a Kafka that already runs "
                "(RAPPORT_KAFKA_SERVERS=host:port)."
            ) from failures[0]

    def _fetch(self, jar: Jar, private: Path, progress: Progress) -> None:
        """One jar into the folder; raises what went wrong at the last of the tries."""
        # here, because a warm start needs none of it and it takes half a second
        import requests
        from jgo.maven import MavenContext, PythonResolver

        @contextlib.contextmanager
        def counted(_name: str, _bytes: int) -> Iterator[Callable[[int], None]]:
            yield count

        def count(more: int) -> None:
            if self.given_up.is_set():
                raise InterruptedError("given up")
            progress.advance(progress.task_ids[0], more)

        group, artifact, version = jar.coordinates.split(":")
        for last in [False] * (TRIES - 1) + [True]:
            if self.given_up.is_set():
                raise InterruptedError("given up")
            context = MavenContext(
                resolver=PythonResolver(progress_callback=counted),
                repo_cache=Path(tempfile.mkdtemp(dir=private)),
                local_repos=[],
                remote_repos={"mirror": self.mirror.rstrip("/")} if self.mirror else None,
                timeout=TIMEOUT_SECONDS,
            )
            try:
                path = context.project(group, artifact).at_version(version).artifact().resolve()
            except (requests.RequestException, RuntimeError, OSError):
                if last:
                    raise
                continue
            if jar.is_in(path):
                path.replace(self.folder / jar.name)
                return
            if last:
                raise RuntimeError(f"{jar.name} arrived with another SHA-256 than the list's")

    @contextlib.contextmanager
    def _progress(self) -> Iterator[Progress]:
        total = sum(jar.bytes for jar in self.jars)
        text = f"Fetching Apache Kafka ({len(self.jars)} jars, once)"
        columns = (TextColumn(text), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        shown = self.console.is_terminal
        if not shown:
            self.console.print(f"{text}, {total / 1e6:.0f} MB")
        with Progress(*columns, console=self.console, disable=not shown) as progress:
            progress.add_task(text, total=total)
            yield progress
