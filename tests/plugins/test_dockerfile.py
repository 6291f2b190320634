"""Every image that a build asks for, and none that it does not."""

from __future__ import annotations

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.build.dockerfile import images_of

CASES: list[tuple[str, tuple[str, ...]]] = [
    ("FROM node:22", ("node:22",)),
    ("from node:22 as x\nfRoM X", ("node:22",)),
    ("FROM scratch\nCOPY --from=nginx:latest /a /b", ("nginx:latest",)),
    ("FROM a\nCOPY --chmod=0444 --from=b --link x y", ("a", "b")),
    ("FROM a AS one\nFROM b\nCOPY --from=0 /x /y", ("b", "a")),
    ("FROM a AS one\nFROM b\nCOPY --from=ONE /x /y", ("b", "a")),
    ("FROM a AS unused\nFROM b", ("b",)),
    ("FROM a\nRUN --mount=type=bind,from=tools:1,target=/t --mount=type=cache,target=/c make", ("a", "tools:1")),
    ("FROM a\nRUN make --mount=from=x", ("a",)),
    ("ARG V=3\nARG B=python:$V\nFROM ${B}-slim", ("python:3-slim",)),
    ("ARG GIVEN=x\nFROM $GIVEN", ("given:1",)),
    ("ARG GIVEN\nFROM ${GIVEN:-other}", ("given:1",)),
    ("FROM ${NONE:-other:1}", ("other:1",)),
    ("ARG E=\nFROM a${E:-b}${E-c}${GIVEN:+d}", ("ab",)),
    ('ARG Q="python:3"\nFROM "$Q"', ("python:3",)),
    ("FROM --platform=$BUILDPLATFORM tool-$BUILDARCH\n", ("tool-amd64",)),
    ("FROM base-${TARGETARCH}${TARGETVARIANT}\n", ("base-armv7",)),
    ("FROM \\\n# a comment\n\n  a \\\n  AS b", ("a",)),
    ("# escape=`\nFROM `\n a", ("a",)),
    ("# a comment\n# escape=`\nFROM a\nRUN dir C:\\\nFROM b", ("a",)),
    ("FROM a\nRUN <<EOF\nFROM b\nEOF\nFROM c", ("c",)),
    ("FROM a\nCOPY <<-'X' <<Y /t/\n\tFROM b\n\tX\nFROM c\nY\nCOPY --from=d / /", ("a", "d")),
    ('FROM a\nRUN echo "<<EOF"\nCOPY --from=b / /', ("a", "b")),
    ("FROM a\nRUN echo $((1<<2))\nCOPY --from=b / /", ("a", "b")),
    ("\ufeffFROM a\r\nCOPY --from=b / /\r\n", ("a", "b")),
    ("FROM a\nADD https://example.org/file /\nADD --from=x y", ("a", "x")),
    ("", ()),
    ("FROM", ()),
]


@pytest.mark.parametrize(("text", "names"), CASES)
def test_images(text: str, names: tuple[str, ...]) -> None:
    found = images_of(text, {"GIVEN": "given:1"}, platform="linux/arm/v7", own="linux/amd64")
    assert found.bases == names
    assert not found.syntax


def test_only_the_stages_up_to_the_target_count() -> None:
    text = "FROM a AS one\nFROM b AS two\nCOPY --from=one / /\nFROM two AS three\nCOPY --from=c / /"
    assert images_of(text, {}, "one").bases == ("a",)
    assert images_of(text, {}, "TWO").bases == ("b", "a")
    assert images_of(text, {}).bases == ("c", "b", "a")


@pytest.mark.parametrize(
    ("text", "arguments", "syntax"),
    [
        ("# syntax=docker/dockerfile:1.4\nFROM a", {}, "docker/dockerfile:1.4"),
        ("#SYNTAX = docker/dockerfile:1 more\nFROM a", {}, "docker/dockerfile:1"),
        ("#!/usr/bin/env build\n# escape=`\n# syntax=x\nFROM a", {}, "x"),
        ("// syntax=x\nFROM a", {}, "x"),
        ("FROM a\n# syntax=x", {}, ""),
        ("# words\n# syntax=x\nFROM a", {}, ""),
        ("# syntax=x\nFROM a", {"BUILDKIT_SYNTAX": "y"}, "y"),
    ],
)
def test_the_frontend(text: str, arguments: dict[str, str], syntax: str) -> None:
    found = images_of(text, arguments)
    assert found.syntax == syntax
    assert found.all == ((syntax, "a") if syntax else ("a",))
