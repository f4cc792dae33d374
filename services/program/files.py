"""Where the files of `deploy/` are: named by a setting, in the source tree, or in the wheel."""

import os
import re
from pathlib import Path
from typing import Any

import yaml

SOURCE_TREE = Path(__file__).parents[2]


def deploy_folder() -> Path:
    """`RAPPORT_DEPLOY_DIR`, or `deploy/` of the source tree, or its copy inside the wheel.

    Raises FileNotFoundError, which says what to set.
    """
    named = os.environ.get("RAPPORT_DEPLOY_DIR")
    places = [Path(named)] if named else [SOURCE_TREE / "deploy", SOURCE_TREE / "shared/_deploy"]
    for place in places:
        if (place / "topics.yaml").is_file():
            return place.resolve()
    tried = ", ".join(str(place) for place in places)
    raise FileNotFoundError(
        f"No topics.yaml in {tried}. Set RAPPORT_DEPLOY_DIR to the folder `deploy/` of Rapport."
    )


def deploy_file(name: str) -> Path:
    """One file or folder of `deploy/`, e.g. `topics.yaml`, `demo`. Raises FileNotFoundError."""
    path = deploy_folder() / name
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist. Is RAPPORT_DEPLOY_DIR the right folder?")
    return path


class _Plain(yaml.SafeLoader):
    """YAML as people write it: `on` is a word and not true, and a date stays the text it is."""


_Plain.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Plain.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


def read_yaml(path: Path) -> Any:
    """What a YAML file holds. Raises FileNotFoundError, yaml.YAMLError."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Plain)  # noqa: S506 a SafeLoader
