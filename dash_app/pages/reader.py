"""What pages ask about the reader: wants Chinese names, which palette."""

from __future__ import annotations

from typing import Any

from dash_app.charts.colours import PALETTES, Palette, config
from dash_app.texts.preferences import PREFERENCES


def wants_chinese() -> bool:
    """Tell whether names are wanted in Chinese."""
    return PREFERENCES.get().language == "zh_CN"


def palette() -> Palette:
    """Give the colours of the reader's theme."""
    return PALETTES[PREFERENCES.get().theme]


def chart_config() -> Any:
    """Give the chart settings for the reader."""
    return config(PREFERENCES.get().html_language)
