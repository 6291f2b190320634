"""The evidence's page, opened from disk as a person does, in Chromium."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from browser import Page
from junitparser import JUnitXml

WIDTHS = [390, 1440]
SCHEMES = ["light", "dark"]
# How a deployment is, and what the page has to say of it. `undone` is a run that failed, after which all is well.
VERDICTS = {"good": "passed", "undone": "failed", "failed": "failed", "absent": "failed"}
# Somewhere to look at them, when one wants to.
KEPT = os.environ.get("SCREENSHOTS", "")


@pytest.mark.parametrize(("kind", "verdict"), VERDICTS.items())
def test_the_verdict_is_right(page: Page, folders: dict[str, Path], kind: str, verdict: str) -> None:
    page.open(folders[kind] / "index.html", 1440, "light")
    assert page.value("document.getElementById('verdict').textContent") == verdict
    causes = page.value("document.querySelectorAll('.cause').length")
    assert (causes > 0) == (verdict == "failed")


@pytest.mark.parametrize("kind", VERDICTS)
def test_it_loads_nothing_and_complains_of_nothing(page: Page, folders: dict[str, Path], kind: str) -> None:
    page.requests.clear()
    page.errors.clear()
    file = folders[kind] / "index.html"
    page.open(file, 1440, "light")
    assert [one for one in page.requests if not one.startswith("data:")] == [file.as_uri()]
    assert page.errors == []
    assert page.value("document.scripts.length") == 0


def test_a_page_that_loads_something_would_be_seen(page: Page, tmp_path: Path) -> None:
    """The test above can fail."""
    file = tmp_path / "index.html"
    file.write_text('<img src="http://127.0.0.1:9/x.png"><script>console.error("bad")</script>')
    page.requests.clear()
    page.errors.clear()
    page.open(file, 390, "light")
    assert len(page.requests) == 2
    assert page.errors


@pytest.mark.parametrize("kind", VERDICTS)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_and_can_be_read(
    page: Page, folders: dict[str, Path], tmp_path: Path, width: int, scheme: str, kind: str
) -> None:
    page.open(folders[kind] / "index.html", width, scheme)
    picture = Path(KEPT or tmp_path) / f"evidence-{kind}-{width}-{scheme}.png"
    page.screenshot(picture)
    assert picture.stat().st_size > 20_000
    # Nothing is cut off or pushes the page sideways.
    assert page.value("document.documentElement.scrollWidth") <= width
    assert contrast(page, "body") >= 7
    assert contrast(page, "#verdict") >= 4.5
    # Smaller letters are no letters on a phone.
    sizes = "[...document.querySelectorAll('body *')].map(one => parseFloat(getComputedStyle(one).fontSize))"
    assert page.value(f"Math.min(...{sizes})") >= 12


def test_of_a_failed_run_cause_remedy_and_what_runs_now_are_seen_at_once(page: Page, folders: dict[str, Path]) -> None:
    page.open(folders["undone"] / "index.html", 1440, "light")
    told = page.value("document.querySelector('.cause').innerText")
    for part in (
        "ImagePullFailed",
        "Push it.",
        "It was rolled back to revision 4",
        "3 of 3 Pods are ready",
        "/boxes/1",
    ):
        assert part in told
    assert page.value("document.querySelector('.cause').getBoundingClientRect().bottom") < 900


@pytest.mark.parametrize("kind", VERDICTS)
def test_all_that_the_data_has_is_drawn(page: Page, folders: dict[str, Path], kind: str) -> None:
    """Counted in the page as Chromium has built it, and in evidence.json; a drawing without room is none."""
    data = json.loads((folders[kind] / "evidence.json").read_text())
    page.open(folders[kind] / "index.html", 1440, "light")
    # Each answer's dots, by the endpoint and who gave it.
    dots = page.value(
        "Object.fromEntries([...document.querySelectorAll('.track[aria-label]:has(.median)')]"
        ".map(one => [one.getAttribute('aria-label').split(':')[0], one.querySelectorAll('.point').length]))"
    )
    assert dots == {f"{one['path']} from {one['via']}": len(one["milliseconds"]) for one in data["answers"]}
    replicas = {one["via"] for one in data["answers"]} - {"Ingress"}
    assert len(replicas) == sum(one["ready"] for one in data["pods"])
    # Each layer is a part of its image's bar, as wide as it is large; the smallest are drawn wide enough to be seen.
    bars = page.value(
        "[...document.querySelectorAll('.bar')]"
        ".map(one => [...one.children].map(part => part.getBoundingClientRect().width))"
    )
    images = [one for one in data["images"] if not one["problem"]]
    assert [len(parts) for parts in bars] == [len(one["layers"]) for one in images]
    for parts, image in zip(bars, images, strict=True):
        for width, layer in zip(parts, image["layers"], strict=True):
            assert width == pytest.approx(sum(parts) * layer["size"] / image["size"], abs=4)
    pods = page.value("[...document.querySelectorAll('.pods .box:has(.chips) b')].map(one => one.textContent)")
    assert pods == [one["name"] for one in data["pods"]]
    commands = page.value("[...document.querySelectorAll('pre.command')].map(one => one.textContent)")
    assert sorted(commands) == sorted(one["command"] for one in data["checks"])
    told = page.value("[...document.querySelectorAll('main > section > ul > li')].map(one => one.textContent)")
    assert told == (data["changes"] or (["Nothing."] if data["previous"] else []))


def test_a_rollout_is_a_staircase(page: Page, folders: dict[str, Path]) -> None:
    """Whoever serves is green; the old Pod goes when the first new one is ready."""
    page.open(folders["good"] / "index.html", 1440, "light")
    serving = "[...document.querySelectorAll('.phase.ready[style]')].map(one => one.getBoundingClientRect())"
    lefts = page.value(f"{serving}.map(one => one.left)")
    assert lefts == sorted(lefts) and len(lefts) == 4
    assert page.value(f"{serving}[0].right") >= lefts[1]
    assert page.value("document.querySelectorAll('.phase.leaving[style]').length") == 1


def test_dark_is_dark(page: Page, folders: dict[str, Path]) -> None:
    shades = []
    for scheme in SCHEMES:
        page.open(folders["good"] / "index.html", 390, scheme)
        shades.append(luminance(colour(page, "body", "backgroundColor")))
    assert shades[0] > 0.9
    assert shades[1] < 0.05


def test_what_the_cluster_says_is_text_and_no_markup(page: Page, folders: dict[str, Path]) -> None:
    """The stand-in's node says something in bold, and in it the secret."""
    assert "<b>(hidden)</b>" in (folders["failed"] / "evidence.json").read_text()
    page.open(folders["failed"] / "index.html", 1440, "light")
    assert "<b>(hidden)</b>" in page.value("document.querySelector('header').textContent")


def test_junit_is_read_by_a_public_parser(folders: dict[str, Path]) -> None:
    good, bad = (JUnitXml.fromfile(str(folders[kind] / "junit.xml")) for kind in ("good", "failed"))
    assert (good.failures, good.errors, good.tests) == (0, 0, 20)
    assert bad.failures == 2


def colour(page: Page, selector: str, name: str) -> list[float]:
    text = str(page.value(f"getComputedStyle(document.querySelector('{selector}')).{name}"))
    return [float(one) for one in text.partition("(")[2].rstrip(")").split(",")[:3]]


def luminance(rgb: list[float]) -> float:
    """As WCAG 2 defines it."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (one / 255 for one in rgb)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(page: Page, selector: str) -> float:
    """Of an element's text to its own ground, as WCAG 2 defines it; 7 is its highest grade."""
    bright, dark = sorted(
        (luminance(colour(page, selector, name)) for name in ("color", "backgroundColor")), reverse=True
    )
    return (bright + 0.05) / (dark + 0.05)
