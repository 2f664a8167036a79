"""The second question of a button whose act cannot be taken back: what follows, in words, before it is done."""

from __future__ import annotations

import json
from collections.abc import Iterable

from dash import html

from dash_app.pages.states import attributes


def asks_first(
    button: html.Button, consequence: str, *about: str, only_if: tuple[str, Iterable[str]] = ("", ())
) -> html.Button:
    """Let a button ask once more before it acts: the question names what is chosen and what follows.

    The question is asked in the browser (``static/asking.js``): the act itself, its permission and its audit stay what
    they are. While the first field of ``about`` is empty nothing is asked, so that the answer names what lacks.

    Parameters
    ----------
    button : html.Button
        With an id and a text.
    consequence : str
        Translated: what follows and cannot be taken back.
    *about : str
        Ids of the fields that say what it is about, shown with the question as they are filled.
    only_if : tuple[str, Iterable[str]], optional
        Id of a field and the texts in it, as the reader sees them, for which alone it asks.
    """
    field, texts = only_if
    told = {"about": list(about), "field": field, "texts": list(texts)}
    for name, value in attributes(data_sure=consequence, data_sure_about=json.dumps(told)).items():
        setattr(button, name, value)
    return button
