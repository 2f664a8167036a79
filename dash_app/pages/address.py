"""The address line: filters and selection live in it, so that a page can be reloaded, bookmarked and passed on."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

URL = "url"
TICK = "live-tick"
"""Changes when something has happened that pages show; pages take it as an input."""


def query_of(search: str | None) -> dict[str, str]:
    """Give the filters in the query part of an address.

    Parameters
    ----------
    search : str or None
        With its question mark; may be empty.
    """
    return dict(parse_qsl((search or "").lstrip("?"), keep_blank_values=False))


def search_with(search: str | None, **changes: object) -> str:
    """Give the query part with some filters changed.

    Parameters
    ----------
    search : str or None
        As it is.
    **changes : object
        New values; None and empty take a filter away.

    Examples
    --------
    >>> search_with("?floor=2&kind=pump", kind=None, sel="IP-221")
    '?floor=2&sel=IP-221'
    >>> search_with("?floor=2", floor="")
    ''
    """
    query = query_of(search)
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = str(value)
    return "?" + urlencode(query) if query else ""


def address_of(page: str, **filters: object) -> str:
    """Give the address of a page with filters; scanned marks hold characters that end an address.

    Examples
    --------
    >>> address_of("sets", instrument="(8003)0#1")
    '/ui/sets?instrument=%288003%290%231'
    """
    return f"/ui/{page}{search_with('', **filters)}"
