"""What the documents tell exists: commands with their options, pages, routes, files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from dash_app.pages.registry import PAGES
from server.tree import build_tree
from twin.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
CODE = re.compile(r"^```[a-z]*\n(.*?)^```|`([^`\n]+)`", re.M | re.S)
COMMAND = re.compile(r"hospital-twin((?: +[^\s|>&;#]+)*)")
PAGE = re.compile(r"^/ui(/[a-z-]*)?$")
ROUTE = re.compile(r"^(?:(?:GET|POST|PUT|PATCH|DELETE) )?(/(?:v1|fhir|epcis)/[^\s?`]*)")


def code_of(path: Path) -> Iterator[str]:
    """Give what stands in code marks, a line that goes on joined."""
    for block, word in CODE.findall(path.read_text(encoding="utf-8")):
        yield (block or word).replace("\\\n", " ")


def commands_in(path: Path) -> list[list[str]]:
    """Give the words behind ``hospital-twin``, of every command."""
    found = [match[1].split() for text in code_of(path) for match in COMMAND.finditer(text)]
    return [words for words in found if words]


def faults_of(words: list[str], top: Any) -> list[str]:
    """Give what is wrong with a command that a document tells."""
    command = top
    rest = iter(words)
    for word in rest:
        inner = getattr(command, "commands", None)
        if inner is None:
            rest = iter([word, *rest])
            break
        found = inner.get(word.strip("."))
        if found is None:
            # a group may be named by itself, with an example's place left open
            return [] if word in ("...", "…", "--help") else [f"{' '.join(words)}: no {word}"]
        command = found
    known = {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
    options = [word.partition("=")[0] for word in rest if word.startswith("--")]
    return [f"{' '.join(words)}: no {option}" for option in options if option not in known | {"--help"}]


@pytest.fixture(scope="module")
def top() -> Any:
    return typer.main.get_command(build_tree())


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_exist_with_their_options(path: Path, top: Any) -> None:
    assert [fault for words in commands_in(path) for fault in faults_of(words, top)] == []


def test_an_unknown_word_and_an_unknown_option_are_seen(top: Any) -> None:
    assert faults_of(["plan", "weather"], top)
    assert faults_of(["plan", "ihtc", "FILE", "--forever"], top)
    assert not faults_of(["plan", "ihtc", "FILE", "--seconds", "5"], top)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]

    assert [link for link in links if link and not (path.parent / link).exists()] == []


def test_pages_and_routes_exist() -> None:
    pages = {page.path.rstrip("/") for page in PAGES}
    paths = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))["paths"]
    routes = [re.compile("[^/]+".join(re.escape(part) for part in re.split(r"\{[^}]*\}", path))) for path in paths]
    missing = []
    for document in DOCUMENTS:
        for text in (line for block in code_of(document) for line in block.splitlines()):
            page, route = PAGE.match(text), ROUTE.match(text)
            if page and (page[1] or "").rstrip("/") not in pages:
                missing.append(f"{document.name}: {text}")
            told = re.sub(r"\{[^}]*\}", "x", route[1].rstrip("/.,…")) if route else ""
            # a folder of routes may be named as such: /epcis
            if (
                told
                and not any(one.fullmatch(told) for one in routes)
                and not any(p.startswith(f"{told}/") for p in paths)
            ):
                missing.append(f"{document.name}: {text}")

    assert missing == []


def test_everything_that_can_be_set_stands_in_the_guide() -> None:
    guide = (ROOT / "docs/guides/run.md").read_text(encoding="utf-8")

    told = set(re.findall(r"`(?:HOSPITAL_TWIN)?_([A-Z0-9_]+)`", guide)) - {"CONFIG"}

    assert told == {name.upper() for name in Settings.model_fields}
