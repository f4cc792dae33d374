"""The manifests against the code: the same services, topics, settings, versions, by name."""

import importlib
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from shared.settings import Settings
from tests.architecture.tree import ROOT, files, python_sources

DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"

Resource = dict[str, Any]


def _services() -> list[str]:
    """Every package of `services` that is a service: it has facts of its own or migrations."""
    return sorted(
        {
            path.parts[1]
            for path in files("services/*/__init__.py")
            if len(path.parts) == 3 and path.parts[1] != "program"
        }
    )


SERVICES = _services()
every_service = pytest.mark.parametrize("service", SERVICES)


@cache
def _compose() -> Resource:
    document: Resource = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return document


@cache
def _kustomization() -> Resource:
    document: Resource = yaml.safe_load((DEPLOY / "kustomization.yaml").read_text())
    return document


@cache
def _resources() -> dict[tuple[str, str], Resource]:
    found = {}
    for name in _kustomization()["resources"]:
        for resource in yaml.safe_load_all((DEPLOY / name).read_text()):
            key = (resource["kind"], resource["metadata"]["name"])
            assert key not in found, f"{key} stands twice"
            found[key] = resource
    return found


def _pods() -> Iterator[tuple[str, Resource]]:
    for (kind, name), resource in _resources().items():
        if kind in ("Deployment", "Job"):
            yield f"{kind}/{name}", resource["spec"]["template"]["spec"]


def _secrets() -> dict[str, dict[str, str]]:
    documents = yaml.safe_load_all((KUBERNETES / "secrets.example.yaml").read_text())
    return {secret["metadata"]["name"]: secret["stringData"] for secret in documents}


def _shell_variables(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def _environment_in_kubernetes(pod: Resource) -> set[str]:
    settings, secrets = _shell_variables(DEPLOY / "settings.env"), _secrets()
    names: set[str] = set()
    for source in pod["containers"][0]["envFrom"]:
        names |= (
            set(settings) if "configMapRef" in source else set(secrets[source["secretRef"]["name"]])
        )
    return names


def _variables(of: type[BaseSettings]) -> dict[str, bool]:
    """Name of the environment variable, and whether the process refuses to start without it."""
    prefix = of.model_config.get("env_prefix", "")
    return {
        (str(field.validation_alias) if field.validation_alias else prefix + name).upper(): (
            field.is_required()
        )
        for name, field in of.model_fields.items()
    }


def _settings_of(service: str) -> dict[str, bool]:
    """What a service reads from its environment: the plumbing's settings and its own."""
    known = _variables(Settings)
    if (ROOT / f"services/{service}/settings.py").exists():
        module = importlib.import_module(f"services.{service}.settings")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, BaseSettings):
                known |= _variables(value)
    return known


@cache
def _named_in_code() -> set[str]:
    """Variables that are read by their name."""
    return {
        name
        for _, text in python_sources("services", "shared")
        for name in re.findall(r"[\"'`]((?:RAPPORT|NOTIFY|REPORTING|MOBILITY)_[A-Z_]+)", text)
    }


def test_kustomization_names_every_resource_and_file_that_there_is() -> None:
    resources = {path.relative_to("deploy").as_posix() for path in files("deploy/kubernetes")}
    assert set(_kustomization()["resources"]) == resources - {"kubernetes/secrets.example.yaml"}
    for generator in _kustomization()["configMapGenerator"]:
        for name in generator.get("files", []) + generator.get("envs", []):
            assert (DEPLOY / name).is_file(), name


@every_service
def test_a_service_has_all_that_it_needs_in_kubernetes(service: str) -> None:
    resources = _resources()
    for kind in ("Deployment", "Service", "PodDisruptionBudget"):
        assert (kind, service) in resources
    run = resources["Deployment", service]["spec"]["template"]["spec"]["containers"][0]
    assert run["args"] == ["python", "-m", f"services.{service}", "run"]
    migrate = resources["Job", f"{service}-migrate"]["spec"]["template"]["spec"]["containers"][0]
    assert migrate["args"] == ["python", "-m", f"services.{service}", "migrate"]
    paths = resources["Ingress", "rapport"]["spec"]["rules"][0]["http"]["paths"]
    to = {path["path"]: path["backend"]["service"]["name"] for path in paths}
    assert to[f"/{service}"] == service


@every_service
def test_the_files_of_the_services_are_alike_but_for_names_and_sizes(service: str) -> None:
    def pattern(name: str) -> str:
        text = (KUBERNETES / f"{name}.yaml").read_text()
        return re.sub(r"memory: \d+Mi", "memory: N", text).replace(name, "SERVICE")

    assert pattern(service) == pattern(SERVICES[0])


@every_service
def test_a_service_is_in_compose_behind_the_gateway(service: str) -> None:
    services = _compose()["services"]
    assert services[service]["command"] == ["python", "-m", f"services.{service}", "run"]
    assert services[f"{service}-migrate"]["command"][-1] == "migrate"
    assert service in services["gateway"]["depends_on"]
    assert f"reverse_proxy /{service}* {service}:8000\n" in (DEPLOY / "Caddyfile").read_text()


@every_service
def test_every_setting_that_a_service_requires_is_given_to_it(service: str) -> None:
    required = {name for name, needed in _settings_of(service).items() if needed}
    assert required <= set(_compose()["services"][service]["environment"])
    pod = _resources()["Deployment", service]["spec"]["template"]["spec"]
    assert required <= _environment_in_kubernetes(pod)


@every_service
def test_no_setting_is_given_that_nobody_reads(service: str) -> None:
    known = set(_settings_of(service)) | _named_in_code()
    pod = _resources()["Deployment", service]["spec"]["template"]["spec"]
    given = set(_compose()["services"][service]["environment"]) | _environment_in_kubernetes(pod)
    assert given - known == set()


def test_example_environment_names_what_compose_asks_for() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))
    assert set(_shell_variables(DEPLOY / "example.env")) == asked


def test_every_topic_that_code_names_is_in_the_file_of_topics() -> None:
    topics = {
        topic["name"] for topic in yaml.safe_load((DEPLOY / "topics.yaml").read_text())["topics"]
    }
    assert {f"{service}.events" for service in SERVICES} <= topics
    named = {
        name
        for _, text in python_sources("services", "shared")
        for name in re.findall(r"topic=f?[\"']([a-z]+\.[a-z]+)[\"']", text)
    }
    assert named <= topics


def test_one_image_of_this_version_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    image = f"{project['name']}:{project['version']}"
    images = {container["image"] for _, pod in _pods() for container in pod["containers"]}
    built = {s["image"] for s in _compose()["services"].values() if "build" in s}
    assert images == built == {image}
    assert _kustomization()["images"] == [{"name": project["name"], "newTag": project["version"]}]


def test_no_pod_runs_as_root_or_writes_to_its_image() -> None:
    for name, pod in _pods():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["automountServiceAccountToken"] is False, name
        # a Service named `notify` would put NOTIFY_PORT, a URL, into every environment
        assert pod["enableServiceLinks"] is False, name
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"] is True, name
            assert context["allowPrivilegeEscalation"] is False, name
            assert context["capabilities"] == {"drop": ["ALL"]}, name
            assert container["resources"]["limits"]["memory"], name


@every_service
def test_probes_ask_for_life_and_readiness_by_their_own_paths(service: str) -> None:
    container = _resources()["Deployment", service]["spec"]["template"]["spec"]["containers"][0]
    assert container["livenessProbe"]["httpGet"]["path"] == "/live"
    assert container["startupProbe"]["httpGet"]["path"] == "/live"
    assert container["readinessProbe"]["httpGet"]["path"] == "/ready"


def test_nothing_speaks_to_anything_unless_a_policy_says_so() -> None:
    policy = _resources()["NetworkPolicy", "deny-everything"]["spec"]
    assert policy == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
