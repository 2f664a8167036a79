"""Files in YAML that people write for the gateway: settings and register maps, read without the traps of YAML."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
            raise yaml.YAMLError("references (*name) are not allowed: write what they stand for")
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
            raise yaml.YAMLError(f"{node.value!r} is ambiguous: write the number without leading zeros or colons")
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
        message = f"is no YAML: {str(error)[:_MOST_SHOWN]}."
    raise refused(source, message, cure)


def refusal_of(error: ValidationError, source: str, *, whole: str, cure: str) -> ImportRefused:
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
    """
    problems = [
        FieldProblem(
            field=_name(item["loc"], whole),
            place="/".join(map(str, item["loc"])) or source,
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


def _name(place: Sequence[int | str], whole: str) -> str:
    # The number of an entry is no name: the list that it stands in is.
    return next((one for one in reversed(place) if isinstance(one, str)), whole)
