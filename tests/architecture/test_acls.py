"""`deploy/acls.yaml` against the code: each service may do what it does, and nothing else."""

from pathlib import Path

import pytest

from services.program.acls import AclFile, Grant
from services.program.topics import TopicFile
from shared.control import TOPIC
from tests.architecture.test_manifests import every_service
from tests.support.office import built

USERS = {user.name: user for user in AclFile.load().users}


@every_service
def test_a_service_may_do_what_it_does_and_nothing_else(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_MAILBOX", str(tmp_path))
    consumer = built(service, tmp_path).consumer
    parts = consumer._parts if consumer is not None else []
    own, user = f"{service}.events", USERS[f"rapport-{service}"]
    assert set(user.writes) == {own, TOPIC}
    assert set(user.reads) == {own, TOPIC, *(part.topic for part in parts)}
    assert set(user.groups) == {part.consumer for part in parts}


def test_every_topic_has_one_who_writes_it_and_each_upstream_system_only_its_own() -> None:
    topics = {topic.name: topic.owner for topic in TopicFile.load().topics}
    writers = {
        topic: sorted(name for name, user in USERS.items() if topic in user.writes)
        for topic in topics
    }
    assert {
        user.writes[0] for name, user in USERS.items() if not user.groups and not user.reads
    } == {topic for topic, owner in topics.items() if owner == "upstream"}
    del writers[TOPIC]
    assert all(len(names) == 1 for names in writers.values()), writers
    named = {topic for user in USERS.values() for topic in (*user.writes, *user.reads)}
    assert named == set(topics)


def test_a_prefix_comes_before_users_topics_and_groups() -> None:
    grants = set(AclFile.load().grants(prefix="p."))
    write, read, topic, group = 4, 3, 2, 3  # as Kafka's protocol numbers them
    assert Grant("p.rapport-visits", write, topic, "p.visits.events") in grants
    assert Grant("p.rapport-visits", read, group, "p.visits.agreements.events") in grants
    assert all(grant.user.startswith("p.") and grant.name.startswith("p.") for grant in grants)
