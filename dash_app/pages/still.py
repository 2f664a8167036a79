"""Parts of a page that nothing on the page asks about, sent as one piece.

Dash keeps state and bindings for every component: a table of two hundred rows is two thousand of them, which took a
browser tens of seconds on a busy computer. What has no id and no button is drawn just as well from one value.
"""

from __future__ import annotations

from typing import Any

from dash import dcc
from dash.development.base_component import Component

NAMESPACE = "hospital_twin"
"""Name under which ``static/still.js`` offers its component to Dash."""
_HTML = "dash_html_components"
_OPENS = ("/", "#", "http://", "https://")

Node = str | int | float | dict[str, Any] | list[Any] | None


class Still(Component):
    """Draws a tree of plain elements.

    Parameters
    ----------
    children : Component
        The tree; it stays what it is for whoever walks through the page in Python.
    """

    _namespace = NAMESPACE
    _type = "Still"
    _prop_names: list[str] = ["children"]  # as Dash declares them
    _children_props: list[str] = []  # as Dash declares them
    _base_nodes: list[str] = ["children"]  # as Dash declares them
    _valid_wildcard_attributes: list[str] = []  # as Dash declares them

    def __init__(self, children: Component) -> None:
        super().__init__(children=children)  # type: ignore[no-untyped-call]  # Dash is untyped here

    def to_plotly_json(self) -> dict[str, Any]:
        """Give what is sent to the browser."""
        return {"type": self._type, "namespace": self._namespace, "props": {"tree": _node(self.children)}}


def still(component: Component) -> Component:
    """Give a component that is drawn at once, where all of it is plain; else the component itself.

    Parameters
    ----------
    component : Component
        Of HTML and links.
    """
    try:
        _node(component)
    except ValueError:
        return component
    return Still(component)


def _node(part: Any) -> Node:
    """Give an element as tag, attributes and children; ValueError for what Dash has to know of."""
    if part is None or isinstance(part, str | int | float):
        return part
    if isinstance(part, list | tuple):
        return [_node(one) for one in part]
    if not isinstance(part, Component):
        raise ValueError(f"no part of a page: {type(part).__name__}")
    given = part.to_plotly_json()  # type: ignore[no-untyped-call]  # Dash is untyped here
    attributes = {name: value for name, value in given["props"].items() if name != "children" and value is not None}
    if "id" in attributes or any(name.startswith("n_") for name in attributes):
        raise ValueError("it has a name, or counts what is pressed")
    children = _node(getattr(part, "children", None))
    if isinstance(part, dcc.Link):
        if not str(attributes.get("href", "")).startswith(_OPENS) or attributes.keys() - {"href", "className", "title"}:
            raise ValueError("a link of another kind")
        return {"t": "a", "a": attributes, "c": children, "link": True}
    if given["namespace"] != _HTML:
        raise ValueError(f"a component of {given['namespace']}")
    return {"t": str(given["type"]).lower(), "a": attributes, "c": children}
