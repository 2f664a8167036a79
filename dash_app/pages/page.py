"""What a page is: an address, a title, the permission that opens it, its layout and its callbacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from dash.development.base_component import Component

from dash_app.pages.address import query_of
from dash_app.pages.guard import Callbacks
from dash_app.queries.port import HospitalPort
from twin.access import Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One opening of a page.

    Parameters
    ----------
    path : str
        Address below the prefix, with a leading slash: ``/map``, ``/devices/ip-221``.
    query : Mapping[str, str]
        Filters and selection from the address line.
    """

    path: str
    query: Mapping[str, str]

    @classmethod
    def of(cls, pathname: str, search: str = "", prefix: str = "/ui/") -> Visit:
        """Read an address.

        Parameters
        ----------
        pathname : str
            As the browser gives it, with the prefix.
        search : str, optional
            Query part with its question mark.
        prefix : str, optional
            Where the pages stand.
        """
        return cls(path="/" + pathname[len(prefix) :], query=query_of(search))

    @property
    def name(self) -> str:
        """Last part of the path: the id of the thing shown, on a detail page."""
        return unquote(self.path.rpartition("/")[2])


def no_callbacks(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register nothing: for a page that only shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page.

    Parameters
    ----------
    path : str
        Address below the prefix; one that ends in ``/*`` shows the thing named by the rest.
    title : str
        English source of the title, marked for extraction.
    permission : Permission
        What opens it.
    layout : Callable[[HospitalPort, Visit], Component]
        Builds the content for the signed-in reader.
    register : Callable[[Callbacks, HospitalPort], None], optional
        Registers its callbacks.
    position : int, optional
        Order in the rail, from 1; 0 keeps it out of the rail.
    section : str, optional
        English source of the rail's heading, marked for extraction.
    icon : str, optional
        Name of the drawing in ``icons``.
    also : str, optional
        A second address that opens it, for links of other systems by another name.
    """

    path: str
    title: str
    permission: Permission
    layout: Callable[[HospitalPort, Visit], Component]
    register: Callable[[Callbacks, HospitalPort], None] = no_callbacks
    position: int = 0
    section: str = ""
    icon: str = "dot"
    also: str = ""

    def answers(self, path: str) -> bool:
        """Tell whether this page answers an address."""
        if self.path.endswith("/*"):
            head = self.path[:-1]
            rest = path[len(head) :]
            return path.startswith(head) and bool(rest) and "/" not in rest
        # The further address is empty for most pages, and no path of a request is.
        return path in (self.path, self.also)
