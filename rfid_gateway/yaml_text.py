"""Files in YAML that people write for the gateway: settings and register maps, read without the traps of YAML."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from twin.errors import FieldProblem, ImportRefused

_BOOLEAN = "tag:yaml.org,2002:bool"
_MOST_SHOWN = 200  # a problem quotes the file; a file of one line would be quoted whole


class _SafeLoader(yaml.SafeLoader):
    """YAML without its traps.

    References are refused: a few lines of nested ones grow to gigabytes once they are checked as values. A key that is
    told twice is refused, since the second would win without a word. Numbers with a leading zero are octal in YAML and
    those with a colon count sixty to one: both are refused. ``on``, ``off``, ``yes`` and ``no`` are words, as they
    are in YAML 1.2: a door's label ``off`` is no truth value.
    """

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in known if tag != _BOOLEAN]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse aliases, compose everything else."""
        if self.check_event(yaml.AliasEvent):
            line = self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]  # the stubs lack it
            raise yaml.YAMLError(f"references (*name) are not allowed: write what they stand for (line {line})")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        """Refuse a key that is told twice."""
        told: set[object] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in told:
                    where = f"line {key.start_mark.line + 1}"
                    raise yaml.YAMLError(f"{key.value[:40]!r} is told twice, the second time in {where}")
                told.add((key.tag, key.value))
        return super().construct_mapping(node, deep=deep)

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """Refuse numbers that mean something else than what most people read."""
        digits = str(node.value).lstrip("+-")
        if ":" in digits or re.match(r"0[0-9_]", digits):
            line = node.start_mark.line + 1
            text = f"{node.value!r} is ambiguous: write the number without leading zeros or colons (line {line})"
            raise yaml.YAMLError(text)
        return super().construct_yaml_int(node)


_SafeLoader.add_implicit_resolver(_BOOLEAN, re.compile("(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_SafeLoader.add_constructor("tag:yaml.org,2002:int", _SafeLoader.construct_yaml_int)


def text_of(path: Path, *, cure: str) -> str:
    """Give the text of a file that people write.

    Parameters
    ----------
    path : Path
        The file.
    cure : str
        Where its form is described.

    Raises
    ------
    ImportRefused
        If it cannot be read, or is no text in UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        place = f"octet {error.start}"
        raise refused(str(path), f"is no text in UTF-8 ({place}): save it as UTF-8.", cure) from error
    except OSError as error:
        raise refused(str(path), f"cannot be read: {error.strerror or error}.", cure) from error


def refused(source: str, message: str, cure: str) -> ImportRefused:
    """Give the refusal of a file as a whole."""
    return ImportRefused(source, [FieldProblem(field="file", place=source, message=message, cure=cure)])


def plain_values(text: str, source: str, *, cure: str) -> object:
    """Give what a file in YAML (or JSON, which is YAML) says, as plain values.

    Parameters
    ----------
    text : str
        The file's content.
    source : str
        Its name, for messages.
    cure : str
        Where its form is described, for messages.

    Raises
    ------
    ImportRefused
        If it is no YAML, has references or a value that does not exist such as a 31st of February, or is nested too
        deeply.
    """
    try:
        return yaml.load(text, Loader=_SafeLoader)  # noqa: S506 - a subclass of SafeLoader
    except RecursionError:
        message = "is nested too deeply."
    except (yaml.YAMLError, ValueError) as error:  # dates and numbers in other bases are read by Python's own types
        message = f"is no YAML: {_what(error)[:_MOST_SHOWN]}."
    raise refused(source, message, cure)


def _what(error: Exception) -> str:
    # The library quotes what stands before the fault first, so that its place would be cut off.
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem or error.context}"
    return str(error)


Place = Sequence[int | str]
"""Keys and indices from the whole file down to one value."""
LineOf = Callable[[Place], int]
"""Gives the line, from 1 on, in which a value of a file stands; 0 if unknown."""


def yaml_lines(text: str) -> LineOf:
    """Give what finds the line of a value in a YAML text that has been read before.

    Of a key that is not there the line of what lacks it is given.

    Parameters
    ----------
    text : str
        The file's content.
    """
    root = yaml.compose(text, Loader=_SafeLoader)

    def line_of(place: Place) -> int:
        node, line = root, 0
        for part in place:
            if isinstance(node, yaml.MappingNode):
                found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
                if found is None:
                    break
                line, node = found[0].start_mark.line + 1, found[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = node.start_mark.line + 1
            else:
                break
        return line

    return line_of


def toml_lines(text: str) -> LineOf:
    """Give what finds the line of a value in a TOML text that has been read before.

    Headers and keys are looked for from the file's beginning down; of a value inside braces the key's line is given.

    Parameters
    ----------
    text : str
        The file's content.
    """
    lines = text.splitlines()

    def after(start: int, pattern: str) -> int:
        return next((i for i in range(start, len(lines)) if re.match(pattern, lines[i])), -1)

    def line_of(place: Place) -> int:
        at, name, is_list = -1, "", False
        for part in place:
            if isinstance(part, int):
                # The first entry of a list of tables was found by its name already.
                for _ in range(part if is_list else 0):
                    at = max(after(at + 1, rf"\s*\[\[\s*{re.escape(name)}\s*\]\]"), at)
                continue
            name = f"{name}.{part}" if name else part
            header = after(at + 1, rf"\s*\[\[?\s*{re.escape(name)}\s*\]")
            key = after(at + 1, rf"\s*[\"']?{re.escape(part)}[\"']?\s*=")
            # Keys of this table end where the next header begins.
            end = after(at + 1, r"\s*\[") if at >= 0 else -1
            key = -1 if 0 <= end < key else key
            found = min((one for one in (header, key) if one >= 0), default=-1)
            if found < 0:
                break
            at, is_list = found, found == header
        return at + 1

    return line_of


def refusal_of(
    error: ValidationError, source: str, *, whole: str, cure: str, line_of: LineOf = lambda _place: 0
) -> ImportRefused:
    """Give the refusal that names every problem of a file's values with its place.

    Parameters
    ----------
    error : ValidationError
        What the model found.
    source : str
        Name of the file.
    whole : str
        What the file as a whole is called, for what is wrong with no single field.
    cure : str
        Where the file's form is described.
    line_of : Callable, optional
        Gives the line of a value.
    """
    problems = [
        FieldProblem(
            field=_name(item["loc"], whole),
            place=_place(item["loc"], line_of) or source,
            message=f"{item['msg'].removeprefix('Value error, ').removesuffix('.')}.",
            cure=cure,
        )
        for item in _telling(error)
    ]
    return ImportRefused(source, problems)


def _telling(error: ValidationError) -> list[ErrorDetails]:
    """Give what a model found, without lists that are too short only because their entries are wrong."""
    found = error.errors()
    return [
        item
        for item in found
        if item["type"] != "too_short"
        or not any(other["loc"][: len(item["loc"])] == item["loc"] for other in found if other is not item)
    ]


def _place(place: Place, line_of: LineOf) -> str:
    line = line_of(place) if place else 0
    return "/".join(map(str, place)) + (f" (line {line})" if line else "")


def _name(place: Place, whole: str) -> str:
    # The number of an entry is no name: the list that it stands in is.
    return next((one for one in reversed(place) if isinstance(one, str)), whole)
