#!/usr/bin/env python3
"""Write what bench/ and tests/soak/api_outages have measured of the API into docs/PERFORMANCE.md."""

import json
from pathlib import Path
from typing import Any, Final

import pygal
from pygal.style import CleanStyle

HERE: Final = Path(__file__).parent
DOCS: Final = HERE.parent / "docs"
MARK: Final = "<!-- bench/report.py: {} -->"
USUAL: Final = "usual"
WANTED: Final = {"ready": 4, "rebuild": 2}


def table(found: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    lines = [
        "| | requests/s | × usual | p50 ms | p99 ms | at equal load: requests/s | p50 ms | p99 ms | errors |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for path, servers in found["full"].items():
        lines.append(f"| **`{path}`** | | | | | | | | |")
        for server, full in servers.items():
            equal = found["equal"][path][server]
            times = full["per_second"] / servers[USUAL]["per_second"]
            lines.append(
                f"| {server} | {full['per_second']:.0f} | {times:.1f} | {full['p50_ms']:.1f} | {full['p99_ms']:.1f} "
                f"| {equal['per_second']:.0f} | {equal['p50_ms']:.1f} | {equal['p99_ms']:.1f} "
                f"| {full['errors'] + equal['errors']:.0f} |"
            )
    memory = ", ".join(f"{server} {megabytes:.0f} MB" for server, megabytes in found["memory_mb"].items())
    setting = found["setting"]
    return "\n".join(
        [
            *lines,
            "",
            f"Memory of each container after the run: {memory}.",
            "",
            f"Measured on {setting['date']}: {setting['cpus']} × {setting['cpu']}; one CPU a server; "
            f"{setting['connections']} connections; "
            f"medians of {setting['rounds']} rounds of {setting['seconds']} s each, all servers in turns.",
        ]
    )


def plot(found: dict[str, Any], file: Path) -> None:
    """Draw requests a second."""
    chart = pygal.HorizontalBar(
        style=CleanStyle, js=[], print_values=True, width=900, height=420, legend_at_bottom=True
    )
    chart.title = f"Requests per second on one CPU, {found['setting']['connections']} connections"
    paths = [path for path in found["full"] if path != "/status"]
    chart.x_labels = paths
    chart.value_formatter = lambda value: f"{value:.0f}"
    for server in found["full"][paths[0]]:
        chart.add(server, [found["full"][path][server]["per_second"] for path in paths])
    file.write_bytes(chart.render(disable_xml_declaration=False))


def outages(seen: dict[str, Any]) -> str:
    """Return what the soak has seen, as Markdown."""
    memory, held = seen["memory_mb"], seen["database_connections"]
    rows = {
        "minutes, restarts of the database": f"{seen['minutes']}, {seen['restarts']}",
        "requests, a second": f"{seen['requests']}, {seen['per_second']}",
        "answers 200": seen["answers_200"],
        "answers 503": seen["answers_503"],
        "other answers, broken connections": f"{sum(seen['other_answers'].values())}, {seen['broken_connections']}",
        "memory after a minute, at the end, at most": f"{memory[0]}, {memory[-1]}, {max(memory)} MB",
        "connections to the database, at most": max(held),
    }
    return "\n".join(["| | |", "|---|--:|", *(f"| {name} | {value} |" for name, value in rows.items())])


def waits(found: dict[str, Any]) -> str:
    """Return how long one waits for the images, as Markdown."""
    setting, seconds = found["setting"], found["seconds"]
    what = {
        "ready": "a Pod's two containers, started from nothing over empty volumes, answer `/ready`",
        "rebuild": "the API's image is built after a change in `main.py`, with a warm cache",
    }
    return "\n".join(
        [
            "| seconds until | median | least | most | wanted |",
            "|---|--:|--:|--:|--:|",
            *(
                f"| {text} | {seconds[name]['median']} | {seconds[name]['least']} | {seconds[name]['most']} "
                f"| {WANTED[name]} |"
                for name, text in what.items()
            ),
            "",
            f"Measured on {setting['date']} on {setting['cpus']} CPUs in {setting['rounds']} rounds, in turns.",
        ]
    )


def write(page: str, name: str, text: str) -> str:
    """Return the page with the text between the two marks of this name."""
    begin, end = MARK.format(name), MARK.format(f"end of {name}")
    before, rest = page.split(begin)
    return f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}"


def main() -> None:
    """Write what has been measured; what has not is left as it is."""
    page = DOCS / "PERFORMANCE.md"
    results, soak, images = (HERE / name for name in ("api/results.json", "api/outages.json", "images/results.json"))
    if results.exists():
        found = json.loads(results.read_text())
        plot(found, DOCS / "performance-api.svg")
        picture = "![Requests per second](performance-api.svg)"
        page.write_text(write(page.read_text(), "throughput", f"{table(found)}\n\n{picture}"))
    if soak.exists():
        page.write_text(write(page.read_text(), "outages", outages(json.loads(soak.read_text()))))
    if images.exists():
        page.write_text(write(page.read_text(), "images", waits(json.loads(images.read_text()))))


if __name__ == "__main__":
    main()
