"""Files in YAML that people write for the gateway: settings and register maps, read without the traps of YAML."""

from __future__ import annotations

from collections.abc import Sequence

import yaml
from pydantic import ValidationError

from twin.errors import FieldProblem, ImportRefused

_MOST_SHOWN = 200  # a problem quotes the file; a file of one line would be quoted whole


class _SafeLoader(yaml.SafeLoader):
    """YAML without references: a few lines of nested references grow to gigabytes once they are checked as values."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse aliases, compose everything else."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("references (*name) are not allowed: write what they stand for")
        return super().compose_node(parent, index)


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
    raise ImportRefused(source, [FieldProblem(field="file", place=source, message=message, cure=cure)])


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
            message=f"{item['msg'].removesuffix('.')}.",
            cure=cure,
        )
        for item in error.errors()
    ]
    return ImportRefused(source, problems)


def _name(place: Sequence[int | str], whole: str) -> str:
    return str(place[-1]) if place else whole
