#!/usr/bin/env python3
"""Write what bench/api/run.py has measured into docs/PERFORMANCE.md: a table and a plot, between their two marks."""

import json
from pathlib import Path
from typing import Any, Final

import pygal
from pygal.style import CleanStyle

HERE: Final = Path(__file__).parent
DOCS: Final = HERE.parents[1] / "docs"
BEGIN: Final = "<!-- bench/api/report.py writes from here -->"
END: Final = "<!-- to here -->"
USUAL: Final = "usual"


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


def main() -> None:
    """Write the table and the plot."""
    found = json.loads((HERE / "results.json").read_text())
    plot(found, DOCS / "performance-api.svg")
    page = DOCS / "PERFORMANCE.md"
    before, rest = page.read_text().split(BEGIN)
    _, after = rest.split(END)
    picture = "![Requests per second](performance-api.svg)"
    page.write_text(f"{before}{BEGIN}\n{table(found)}\n\n{picture}\n{END}{after}")


if __name__ == "__main__":
    main()
