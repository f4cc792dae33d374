"""Apache Kafka's own jars: a pinned list, fetched once, verified at every start (46 in 0.05 s)."""

import contextlib
import hashlib
import shutil
import tempfile
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

AT_ONCE = 8
TRIES = 3


class JarSettings(BaseSettings):
    """Where the jars come from: `RAPPORT_CACHE_DIR`, `_MAVEN_MIRROR`, `_KAFKA_JARS`."""

    model_config = SettingsConfigDict(env_prefix="RAPPORT_", extra="ignore")

    cache_dir: Path = Path(platformdirs.user_cache_dir("rapport"))
    maven_mirror: str | None = None
    kafka_jars: Path | None = None


class JarsMissingError(RuntimeError):
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
) -> list[Path]:
    """Paths of all jars, each verified; what is missing or damaged is fetched (blocking).

    Raises JarsMissingError, which says how else they can be had.
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
        _fetch(missing, folder, settings.maven_mirror, console or Console(stderr=True))
    return paths


def _of_folder(folder: Path, jars: Sequence[Jar]) -> list[Path]:
    found = {path.name: path for path in folder.rglob("*.jar")}
    wrong = [
        f"{jar.name}: {'its SHA-256 differs' if jar.name in found else 'not there'}"
        for jar in jars
        if jar.name not in found or not jar.is_in(found[jar.name])
    ]
    if wrong:
        raise JarsMissingError(
            f"RAPPORT_KAFKA_JARS={folder} lacks {len(wrong)} of the {len(jars)} jars of the list "
            f"shared/embedded/jars.toml ({'; '.join(wrong[:3])}{', ...' if wrong[3:] else ''}). "
            "Put them there, or unset it so that they are fetched."
        )
    return [found[jar.name] for jar in jars]


def _fetch(jars: Sequence[Jar], folder: Path, mirror: str | None, console: Console) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    # fetched beside, verified, then renamed: two starts at once, or a kill, never leave half a jar
    private = Path(tempfile.mkdtemp(prefix=".fetching-", dir=folder))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, private, ignore_errors=True)
        progress = stack.enter_context(_progress(console, jars))
        pool = stack.enter_context(ThreadPoolExecutor(AT_ONCE))
        tasks = [pool.submit(_fetch_one, jar, folder, private, mirror, progress) for jar in jars]
        failures = [error for task in tasks if (error := task.exception()) is not None]
    if failures:
        raise JarsMissingError(
            f"{len(failures)} of Apache Kafka's {len(jars)} jars could not be fetched "
            f"({failures[0]}). Ways out: a Maven mirror that this machine reaches "
            "(RAPPORT_MAVEN_MIRROR=https://...), a folder with the jars (RAPPORT_KAFKA_JARS=/path) "
            "or a Kafka that already runs (RAPPORT_KAFKA_SERVERS=host:port)."
        ) from failures[0]


def _fetch_one(
    jar: Jar, folder: Path, private: Path, mirror: str | None, progress: Progress
) -> None:
    """One jar into the folder; raises what went wrong at the last of the tries."""
    # here, because a warm start needs none of it and it takes half a second
    import requests
    from jgo.maven import MavenContext, PythonResolver

    @contextlib.contextmanager
    def counted(_name: str, _bytes: int) -> Iterator[Callable[[int], None]]:
        yield lambda more: progress.advance(progress.task_ids[0], more)

    group, artifact, version = jar.coordinates.split(":")
    for last in [False] * (TRIES - 1) + [True]:
        cache = Path(tempfile.mkdtemp(dir=private))
        context = MavenContext(
            resolver=PythonResolver(progress_callback=counted),
            repo_cache=cache,
            local_repos=[],
            remote_repos={"mirror": mirror.rstrip("/")} if mirror else None,
            timeout=30,
        )
        try:
            path = context.project(group, artifact).at_version(version).artifact().resolve()
        except (requests.RequestException, RuntimeError, OSError):
            if last:
                raise
            continue
        if jar.is_in(path):
            path.replace(folder / jar.name)
            return
        if last:
            raise RuntimeError(f"{jar.name} arrived with another SHA-256 than the list's")


@contextlib.contextmanager
def _progress(console: Console, jars: Sequence[Jar]) -> Iterator[Progress]:
    total = sum(jar.bytes for jar in jars)
    text = f"Fetching Apache Kafka ({len(jars)} jars, once)"
    columns = (TextColumn(text), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    if not console.is_terminal:
        console.print(f"{text}, {total / 1e6:.0f} MB")
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        progress.add_task(text, total=total)
        yield progress
