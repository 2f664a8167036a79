"""Sentences that remember how they were put together, so that a page can say them in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping


class Sentence(str):
    """An English text made of a template and values; it is a plain text to whoever does not look closer.

    Parameters
    ----------
    template : str
        English source, a literal in the calling code so that extraction finds it; named fields in braces.
    **values : object
        What stands in the fields; a sentence among them is put into the reader's language too.

    Examples
    --------
    >>> told = Sentence("Expected {low} to {high}.", low=1, high=9)
    >>> told, told.template
    ('Expected 1 to 9.', 'Expected {low} to {high}.')
    """

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, /, **values: object) -> Sentence:
        """Put the values into the template."""
        made = super().__new__(cls, template.format(**values))
        made.template, made.values = template, values
        return made


def sentence(template: str, /, **values: object) -> Sentence:
    """Give a sentence; parameters as of :class:`Sentence`. Literals in calls of it are gathered for translation."""
    return Sentence(template, **values)
