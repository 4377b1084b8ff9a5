"""Models of the registry: an alias that moves replaces them while requests are answered, and loses none."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from glyphlens.tracking.registry import promote
from tests.forged_release import NAME, forged_release
from tests.serving.conftest import LITTLE
from tests.serving.running_server import RunningServer, running_server
from tests.tracking.conftest import home

__all__ = ["home"]
ALIAS = f"models:/{NAME}@champion"


def version_of_answers(server: RunningServer) -> str:
    return str(server.ask("GET", "/ready").json["models"][0]["version"])


def wait_for(server: RunningServer, version: str) -> None:
    deadline = time.monotonic() + 200
    while version_of_answers(server) != version:
        assert time.monotonic() < deadline, server.log.read_text(encoding="utf-8")
        time.sleep(0.1)


@pytest.mark.slow
def test_a_promotion_replaces_the_model_under_load_and_loses_no_request(
    home: Path, drawing: Callable[..., bytes]
) -> None:
    promote(forged_release(home, 0.9, 1))
    options = ("--model", ALIAS, *LITTLE, "--refresh-seconds", "0.2")
    answers: list[tuple[int, str, str]] = []
    ended = threading.Event()

    def ask(server: RunningServer, number: int) -> None:
        while not ended.is_set():
            reply = server.post("/v1/predict?model=kanji&top=1", drawing(number))
            content = json.dumps(reply.json.get("pictures"))
            answers.append((reply.status, reply.json.get("version", ""), content))

    with running_server(home, *options) as server:
        assert version_of_answers(server) == "1"
        clients = [threading.Thread(target=ask, args=(server, number)) for number in range(3)]
        for client in clients:
            client.start()
        try:
            promote(forged_release(home, 0.95, 2))
            wait_for(server, "2")
            time.sleep(0.5)
        finally:
            ended.set()
            for client in clients:
                client.join()
    assert {status for status, _, _ in answers} == {200}
    assert {version for _, version, _ in answers} == {"1", "2"}
    assert len({(version, content) for _, version, content in answers}) <= 2 * len(clients)


def test_an_alias_that_leads_nowhere_is_said_at_the_start(home: Path) -> None:
    words = "did not start.*no model of that name"
    with pytest.raises(AssertionError, match=words), running_server(home, "--model", ALIAS):
        pass
