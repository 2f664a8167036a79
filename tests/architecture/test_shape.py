"""The shape that a newcomer relies on: small files and functions, telling names, quiet packages, complete lock files."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "twin",
    "assets",
    "inventory",
    "rfid_gateway",
    "scheduling",
    "simulation",
    "interop",
    "dash_app",
    "server",
)
VAGUE = {"util", "utils", "helper", "helpers", "common", "misc", "base", "core", "manager", "managers"}
FILES = sorted(
    path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts
)
KERNEL = re.compile(r"@(numba\.)?n?jit|@(numba\.)?cfunc|@compiled|@inlined|@woven")


def names(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.parametrize("path", FILES, ids=names(FILES))
def test_no_file_is_longer_than_500_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500


@pytest.mark.parametrize("path", FILES, ids=names(FILES))
def test_no_function_but_a_kernel_is_longer_than_60_lines(path):
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    too_long = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = node.body[0] if ast.get_docstring(node) else None
            told = docstring.end_lineno - docstring.lineno + 1 if docstring else 0
            length = node.end_lineno - node.lineno + 1 - told
            decorators = "\n".join(lines[d.lineno - 1] for d in node.decorator_list)
            if length > 60 and not KERNEL.search(decorators):
                too_long.append((node.name, length))

    assert too_long == []


def test_no_module_or_folder_has_a_name_that_says_nothing():
    vague = [path for path in FILES if VAGUE & {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}]

    assert names(vague) == []


def test_package_inits_import_nothing_of_their_own_package():
    loud = []
    for path in FILES:
        if path.name != "__init__.py":
            continue
        package = path.relative_to(ROOT).parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if any(module.split(".")[0] == package for module in modules):
                loud.append(str(path.relative_to(ROOT)))

    assert loud == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "requirements-boot.lock"])
def test_lock_files_carry_hashes_and_name_no_host(name):
    text = (ROOT / name).read_text(encoding="utf-8")

    assert "://" not in text
    assert "index-url" not in text
    requirements = [line for line in text.splitlines() if re.match(r"^[a-z0-9]", line)]
    assert requirements
    assert text.count("--hash=sha256:") >= len(requirements)


def test_every_package_says_what_it_does():
    for package in PACKAGES:
        assert ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8")))


def test_every_change_of_the_next_release_is_one_sentence_or_two():
    for path in (ROOT / "changes").glob("*.md"):
        assert re.fullmatch(r"\+?[\w-]+\.(added|changed|fixed|removed)\.md", path.name), path.name
        assert len(path.read_text(encoding="utf-8").strip()) <= 400, path.name
