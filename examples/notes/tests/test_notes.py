"""The example by itself, with SQLite in the database's place: python -m pytest, in examples/notes."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from notes import database, worker

LOGIN = {"name": "ann", "password": "correct horse"}


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    own = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    monkeypatch.setattr(database, "engine", own)
    database.Base.metadata.create_all(own)
    monkeypatch.setenv("SESSION_KEY", "a key of the tests")
    from notes.main import app

    with TestClient(app) as client:
        yield client


def test_what_was_written_is_read_back(client: TestClient) -> None:
    assert client.post("/users", json=LOGIN).status_code == 201
    assert client.post("/notes", json={"text": "buy some milk"}).status_code == 201
    [note] = client.get("/notes").json()
    assert note["text"] == "buy some milk" and note["words"] is None
    assert worker.count() == 1
    assert client.get("/notes").json()[0]["words"] == 3


def test_nobody_reads_the_notes_of_others(client: TestClient) -> None:
    client.post("/users", json=LOGIN)
    client.post("/notes", json={"text": "mine"})
    client.cookies.clear()
    assert client.get("/notes").status_code == 401
    client.post("/users", json=LOGIN | {"name": "bob"})
    assert client.get("/notes").json() == []


def test_a_wrong_password_is_no_login(client: TestClient) -> None:
    client.post("/users", json=LOGIN)
    client.cookies.clear()
    assert client.post("/login", json=LOGIN | {"password": "wrong horse"}).status_code == 401
    assert client.post("/login", json=LOGIN).status_code == 200
    assert client.get("/notes").status_code == 200


def test_a_forged_cookie_is_none(client: TestClient) -> None:
    client.cookies.set("session", "eyJ1c2VyIjogMX0=.aaaaaa.forged")
    assert client.get("/notes").status_code == 401


def test_a_name_is_given_once(client: TestClient) -> None:
    client.post("/users", json=LOGIN)
    assert client.post("/users", json=LOGIN).status_code == 409
