"""Colours and layout that all charts share: grey is normal, colour means act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

FONT = '"Noto Sans", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", system-ui, sans-serif'


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours of one theme; each mark has a contrast of at least 3 on ``surface``, each text at least 4.5."""

    surface: str
    text: str
    secondary: str
    normal: str
    line: str
    room: str
    high: str
    medium: str
    low: str


PALETTES: Mapping[str, Palette] = MappingProxyType(
    {
        "light": Palette(
            surface="#ffffff",
            text="#1d232b",
            secondary="#4a525d",
            normal="#6b7280",
            line="#c9ced6",
            room="#f3f4f6",
            high="#a50e22",
            medium="#8a5200",
            low="#005f73",
        ),
        "dark": Palette(
            surface="#1e242b",
            text="#e6e9ee",
            secondary="#a9b2bf",
            normal="#7d8794",
            line="#3a434e",
            room="#242b33",
            high="#ff6b6b",
            medium="#ffc247",
            low="#5ad1e6",
        ),
    }
)


def layout(palette: Palette, **more: Any) -> dict[str, Any]:
    """Give the layout that charts begin with.

    Parameters
    ----------
    palette : Palette
        Colours of the theme.
    **more : Any
        Plotly layout entries that are added or replaced.
    """
    axis = {
        "gridcolor": palette.line,
        "linecolor": palette.normal,
        "zerolinecolor": palette.line,
        "tickfont": {"color": palette.secondary},
        "automargin": True,
    }
    base: dict[str, Any] = {
        "paper_bgcolor": palette.surface,
        "plot_bgcolor": palette.surface,
        "font": {"family": FONT, "size": 13, "color": palette.text},
        "margin": {"l": 50, "r": 16, "t": 16, "b": 40},
        "xaxis": dict(axis),
        "yaxis": dict(axis),
        "showlegend": False,
        "hoverlabel": {"bgcolor": palette.surface, "font": {"color": palette.text}},
    }
    for name, entry in more.items():
        base[name] = {**base[name], **entry} if isinstance(base.get(name), dict) and isinstance(entry, dict) else entry
    return base


def config(locale: str) -> dict[str, Any]:
    """Give the chart settings for a reader: no tool bar, no link to anywhere, the reader's locale.

    Parameters
    ----------
    locale : str
        Language tag such as ``zh-CN``.
    """
    return {"displayModeBar": False, "displaylogo": False, "responsive": True, "locale": locale, "showTips": False}
