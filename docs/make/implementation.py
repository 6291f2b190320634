#!/usr/bin/env python3
"""Write docs/IMPLEMENTATION.md and docs/SECURITY.md: run each command in docs/make/*.md.in, put below it what it said.

What other documents show of the same commands is written again from the same run, and the README's pictures are taken
of the evidence that the run has left. A name as argument (`SECURITY`) writes that one alone. Wants the embedded
platform, and changes the target `local` as the commands say; a second run does not. A command that fails ends it:
nothing is written then.

`--check` runs nothing: it says whether the documents still are what their sources say, but for the outputs.
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fastapi-mysql-k8s"
BLOCK = re.compile(r"^```console(?P<options>[^\n]*)\n(?P<commands>.*?)^```$", re.MULTILINE | re.DOTALL)
# Colors and what overwrites a line are for terminals.
ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# What other documents show: which one, the command and which of its calls, the first line that is shown, and the line
# before which it ends.
SAMPLE = re.compile(r"^<!-- make docs: (?P<name>\S+) -->\n```\n.*?^```$", re.MULTILINE | re.DOTALL)
SAMPLES = {
    "deployed": ("README.md", "ansible-playbook site.yml", 0, "✓ plan", "PLAY RECAP"),
    "unchanged": ("docs/COMMANDS.md", "ansible-playbook site.yml", 1, "PLAY RECAP", ""),
    "plan": ("docs/COMMANDS.md", "ansible-playbook site.yml --check -e app_replicas=2", 0, "Objects: ", "  ~ local: "),
    "status": ("docs/DAILY.md", "make status", 0, "fastapi-mysql on local: ", "  Drift"),
}
# Taken of the page when the last document is written.
PICTURES = ("ansible-playbook tests/evidence/browser.yml", "tests/evidence/pictures evidence/local/latest/index.html")
SECONDS = 600
WIDTH = 150
# Every command that was run, and what it printed.
SEEN: list[tuple[str, str]] = []


def environment() -> dict[str, str]:
    """What a shell has after the lines that the documents say."""
    return dict(os.environ) | {
        "PATH": f"{ROOT / '.venv/bin'}:{CACHE / 'root/usr/bin'}:{os.environ['PATH']}",
        "KUBECONFIG": "/var/lib/fastapi-mysql-k8s/kubeconfig",
        "DOCKER_HOST": "unix:///run/fastapi-mysql-k8s/docker.sock",
        "DOCKER_CONFIG": str(CACHE / "docker-cli"),
        "ANSIBLE_NOCOLOR": "1",
        "COLUMNS": "100",
    }


def run(command: str) -> str:
    """One command's output, as it would be seen in the repository's folder."""
    print(f"$ {command}", file=sys.stderr)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{command}\n{done.stdout}\nfailed with status {done.returncode}: nothing was written")
    return plain(done.stdout)


def plain(text: str) -> str:
    """Output without what is this machine's own, and without lines that nobody reads to their end."""
    for path, shown in (
        (f"{ROOT}/", ""),
        (str(ROOT), "."),
        (str(CACHE), "~/.cache/fastapi-mysql-k8s"),
        (str(Path.home()), "~"),
    ):
        text = text.replace(path, shown)
    lines = [line.rstrip() for line in ESCAPES.sub("", text).splitlines()]
    return "\n".join(line if len(line) <= WIDTH else f"{line[:WIDTH]}…" for line in lines).strip("\n")


def sample(found: re.Match[str]) -> str:
    """A part of what a command has printed, as another document shows it."""
    _, command, call, first, end = SAMPLES[found["name"]]
    lines = [text for asked, text in SEEN if asked == command][call].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(first))
    stop = next(
        (number for number, line in enumerate(lines) if end and number > start and line.startswith(end)), len(lines)
    )
    shown = "\n".join(lines[start:stop]).strip("\n")
    return f"<!-- make docs: {found['name']} -->\n```\n{shown}\n```"


def filled(block: re.Match[str]) -> str:
    """A block with the output of each of its commands; `head=N` keeps the first lines, `tail=N` the last."""
    keep = dict(option.split("=") for option in block["options"].split())
    parts = []
    for command in block["commands"].splitlines():
        bare = command.removeprefix("$ ")
        SEEN.append((bare, run(bare)))
        lines = SEEN[-1][1].splitlines()
        if "head" in keep and len(lines) > int(keep["head"]):
            lines = [*lines[: int(keep["head"])], "…"]
        if "tail" in keep and len(lines) > int(keep["tail"]):
            lines = ["…", *lines[-int(keep["tail"]) :]]
        parts.append("\n".join([command, *lines]))
    return "```console\n" + "\n".join(parts) + "\n```"


def secrets() -> list[str]:
    """What must not be in the document."""
    rendered = [path.read_text(encoding="utf-8") for path in (ROOT / "manifests").glob("*/my-secret-eval.yml")]
    found = [one for text in rendered for one in re.findall(r"^  [A-Z_]+: \"?([A-Za-z0-9+/=]+)", text, re.MULTILINE)]
    clear = [base64.b64decode(one).decode("utf-8", "replace") for one in found]
    return [one for one in [*found, *clear, os.environ.get("APP_DB_PASSWORD", "")] if one]


def write(source: Path) -> None:
    """Run all of it, then write."""
    target = ROOT / "docs" / source.name.removesuffix(".in")
    written = {target: BLOCK.sub(filled, source.read_text(encoding="utf-8"))}
    if source.name == "IMPLEMENTATION.md.in":
        for name in sorted({document for document, *_ in SAMPLES.values()}):
            written[ROOT / name] = SAMPLE.sub(sample, (ROOT / name).read_text(encoding="utf-8"))
        for command in PICTURES:
            run(command)
    if any(secret in one for one in written.values() for secret in secrets()):
        raise SystemExit("A password is in what was printed: nothing was written.")
    for file, one in written.items():
        file.write_text(one, encoding="utf-8")
        print(file.relative_to(ROOT))


def fault(source: str, document: str) -> str:
    """The first line of a source that its document does not have where it belongs; empty if it has all of them."""
    lines = document.splitlines()
    at, console = 0, False
    for wanted in source.splitlines():
        begins = wanted.startswith("```console")
        line = "```console" if begins else wanted
        # Before the next command, and before the end of the block, is what the command before has printed.
        while console and at < len(lines) and lines[at] not in (line, "```"):
            at += 1
        if at == len(lines) or lines[at] != line:
            return line
        console = begins or (console and line != "```")
        at += 1
    return f"the end, before: {lines[at]}" if at < len(lines) else ""


def faults() -> list[str]:
    """What `make docs` would write otherwise, as far as that can be known without running anything."""
    found = []
    for source in sorted(SOURCES.glob("*.md.in")):
        document = ROOT / "docs" / source.name.removesuffix(".in")
        missing = fault(source.read_text(encoding="utf-8"), document.read_text(encoding="utf-8"))
        if missing:
            found.append(f"docs/{document.name} is not what docs/make/{source.name} says, from here on: {missing}")
    for name, (document, command, _, first, end) in SAMPLES.items():
        samples = SAMPLE.finditer((ROOT / document).read_text(encoding="utf-8"))
        lines = next((one[0].splitlines()[2:-1] for one in samples if one["name"] == name), [])
        if len(lines) < 2 or not lines[0].startswith(first) or (end and any(line.startswith(end) for line in lines)):
            found.append(f"{document}: the sample {name} is not what `{command}` prints from {first!r} to {end!r}")
    return found


def main(names: list[str]) -> int:
    """Write the documents that are named, or all; or check them."""
    if names == ["--check"]:
        wrong = faults()
        print("\n".join([*wrong, "Run: make docs"] if wrong else []), end="\n" if wrong else "")
        return 1 if wrong else 0
    for source in sorted(SOURCES.glob("*.md.in")):
        if not names or source.name.removesuffix(".md.in") in names:
            write(source)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
