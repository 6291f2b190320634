"""Passwords are given, kept or made; and never another one by accident."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.credentials import (
    FILE,
    KEY,
    PASSWORD,
    ROOT_PASSWORD,
    Credentials,
    CredentialsError,
    of_file,
    of_secret,
    settle,
    settle_secrets,
    settled_from,
    uses_secret,
)

KEPT = {PASSWORD: "of the API", ROOT_PASSWORD: "of root", KEY: "a key"}


def secret(**values: str) -> dict[str, Any]:
    data = {name: base64.b64encode(value.encode()).decode() for name, value in values.items()}
    return {"kind": "Secret", "metadata": {"name": "it"}, "data": data}


def test_what_is_kept_stays() -> None:
    assert settle("", "api", KEPT) == Credentials("of the API", "of root", "a key")


def test_what_is_given_counts_and_root_stays() -> None:
    assert settle("given", "api", KEPT) == Credentials("given", "of root", "a key")


def test_what_is_missing_is_made_by_chance() -> None:
    first, second = settle("", "api", {}), settle("", "api", {})
    texts = {text for one in (first, second) for text in one.handed_on().values() if isinstance(text, str)}
    assert len(texts) == 8
    assert {len(text) for text in texts} == {16, 32}


def test_the_account_of_the_api_does_not_open_root() -> None:
    before = {PASSWORD: "shared", ROOT_PASSWORD: "shared"}
    now = settle("", "api", before)
    assert (now.password, now.root_password != "shared") == ("shared", True)
    assert settle("of root", "api", KEPT).root_password not in ("of root", "")


def test_an_api_that_is_root_has_one_password() -> None:
    assert settle("", "root", KEPT).root_password == "of the API"


def test_rotation_replaces_both_and_says_when_it_would_not() -> None:
    now = settle("", "api", KEPT, rotated=True)
    assert not {now.password, now.root_password} & set(KEPT.values())
    assert settle("another", "api", KEPT, rotated=True).password == "another"
    with pytest.raises(CredentialsError, match="app_db_password is what the cluster has already") as raised:
        settle("of the API", "api", KEPT, rotated=True)
    assert "of the API" not in str(raised.value)


def test_the_checksum_changes_with_each_password_and_needs_the_key() -> None:
    found = {
        Credentials(*values).checksum
        for values in (("a", "b", "k"), ("a", "c", "k"), ("ab", "", "k"), ("b", "a", "k"), ("a", "b", "l"))
    }
    assert len(found) == 5
    assert Credentials("é", "🔑", "k").checksum == Credentials("é", "🔑", "k").checksum
    assert Credentials("a", "b").checksum == ""


GENERATED = {"generate": 24}


def test_a_secret_of_the_application_is_given_or_made_once() -> None:
    wanted = {"TOKEN": "given", "KEY": GENERATED, "NEW": GENERATED, "PORT": 5, "ON": True}
    found = settle_secrets(wanted, {"TOKEN": "old", "KEY": "kept"})
    assert found | {"NEW": ""} == {"TOKEN": "given", "KEY": "kept", "NEW": "", "PORT": "5", "ON": "true"}
    assert len(found["NEW"]) == 24
    rotated = settle_secrets(wanted, {"KEY": "kept"}, rotated=True)
    assert (rotated["TOKEN"], len(rotated["KEY"])) == ("given", 24)


def test_the_checksum_changes_with_each_secret_and_is_what_it_was_without() -> None:
    found = {
        Credentials("a", "b", "k", secrets).checksum
        for secrets in ({}, {"A": "1"}, {"A": "2"}, {"B": "1"}, {"A": "1", "B": "1"})
    }
    assert len(found) == 5
    # Of the two passwords alone, as the version before made it: no Pod is rolled by what it has no use for.
    alone = hmac.new(b"k", b'["a", "b"]', hashlib.sha256).hexdigest()[:16]
    assert Credentials("a", "b", "k").checksum == alone


def settled(**more: Any) -> dict[str, Any]:
    target = {"name": "me", "db_enabled": True, "db_mode": "pod", "db_host": "", "db_environment": {}}
    target |= {"db_user": "api", "db_name": "Main", "db_port": "3306"}
    target |= {"db_password": "", "db_password_rotated": False, "secrets": {}, "secret_files": {}}
    return settled_from(target | more, KEPT)


def test_without_a_database_there_is_a_key_only_where_there_are_secrets() -> None:
    assert [settled(db_enabled=False)[name] for name in ("password", "key", "checksum", "secrets")] == ["", "", "", {}]
    own = settled(db_enabled=False, secrets={"TOKEN": "given"})
    assert (own["key"], own["secrets"], bool(own["checksum"])) == ("a key", {"TOKEN": "given"}, True)
    none = {"db_enabled": "no", "secrets": {}, "secret_files": {}}
    assert [uses_secret(none | one) for one in ({}, {"secrets": {"A": "1"}}, {"secret_files": {"/a": "1"}})] == [
        False,
        True,
        True,
    ]


def test_a_secret_file_is_given_or_made_once_like_any_secret() -> None:
    made = settled(secret_files={"/etc/app/key": GENERATED, "/etc/app.pem": "given\n"})
    key, pem = made["files"]
    assert (key["key"], len(key["content"])) == ("file.etc.app.key", 24)
    assert pem == {"path": "/etc/app.pem", "key": "file.etc.app.pem", "content": "given\n"}
    assert {"given\n", key["content"]} <= set(made["known"])
    assert made["checksum"] != settled()["checksum"]


def test_the_address_of_the_database_is_written_as_the_application_reads_it() -> None:
    wanted = {
        "DATABASE_URL": "mysql+mysqldb://{user}:{password}@{host}:{port}/{name}?charset=utf8mb4",
        "DSN": "{user}/{password}@{name}",
        "JSON": '{"port": {port}}',
    }
    own = settled(db_password="p@ss/ü {user}", db_environment=wanted)
    assert own["secrets"] == {
        "DATABASE_URL": "mysql+mysqldb://api:p%40ss%2F%C3%BC%20%7Buser%7D@127.0.0.1:3306/Main?charset=utf8mb4",
        "DSN": "api/p@ss/ü {user}@Main",
        "JSON": '{"port": 3306}',
    }
    assert settled(db_enabled=False, db_environment=wanted)["secrets"] == {}


def test_what_no_log_may_show_has_the_secrets_too() -> None:
    assert {"given", "of the API"} <= set(settled(secrets={"TOKEN": "given"})["known"])
    assert "" not in settled(db_enabled=False)["known"]


def test_a_generated_secret_that_is_bytes_by_now_is_not_replaced_silently() -> None:
    broken = secret(KEY="x")
    broken["data"]["KEY"] = base64.b64encode(b"\xff").decode()
    assert of_secret(broken) == {}
    with pytest.raises(CredentialsError, match=r"The value of KEY in the Secret it is not text.* app_secrets.KEY"):
        of_secret(broken, names=["KEY"])


def test_a_secret_is_read_as_it_was_written() -> None:
    awkward = "p@ss 'é\" $(x) {{ 1 }}"
    assert of_secret(secret(MYSQL_PASSWORD=awkward, OTHER="no")) == {PASSWORD: awkward}
    assert of_secret(None) == {}
    assert of_secret({"kind": "Secret", "metadata": {"name": "it"}}) == {}


@pytest.mark.parametrize("value", ["no base64!", base64.b64encode(b"\xff\xfe").decode()])
def test_a_value_that_is_no_text_is_never_overwritten_in_silence(value: str) -> None:
    with pytest.raises(CredentialsError, match="MYSQL_PASSWORD in the Secret it is not text"):
        of_secret(secret() | {"data": {PASSWORD: value}})
    assert of_secret(secret() | {"data": {PASSWORD: value}}, given=True) == {}


def test_what_was_rendered_last_is_found(tmp_path: Path) -> None:
    assert of_file(tmp_path) == {}
    (tmp_path / FILE).write_text(
        f"# 1 of 4\n---\nkind: Namespace\n---\n{secret(MYSQL_PASSWORD='x')}\n", encoding="utf-8"
    )
    assert of_file(tmp_path) == {PASSWORD: "x"}
    (tmp_path / FILE).write_text("kind: [", encoding="utf-8")
    assert of_file(tmp_path) == {}
