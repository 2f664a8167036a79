"""What a sheet's columns and words are called in Chinese hospitals, and how spreadsheets there write a day."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

HEADINGS: Mapping[str, str] = MappingProxyType(
    {
        # waiting list
        "患者": "patient",
        "患者编号": "patient",
        "病人": "patient",
        "性别": "gender",
        "年龄": "age",
        "天数": "days",
        "住院天数": "days",
        "最早入院日": "release",
        "可入院日": "release",
        "最迟入院日": "due",
        "截止日": "due",
        "必须入院": "mandatory",
        "手术分钟": "minutes",
        "手术时长": "minutes",
        "手术医生": "surgeon",
        "主刀医生": "surgeon",
        "病区": "ward",
        "隔离": "isolation",
        "设备": "equipment",
        "器械包": "sets",
        "手术室": "theatres",
        "最长天数": "days_high",
        "重症天数": "intensive",
        "术式": "procedure",
        # shifts
        "班次": "shift",
        "开始": "start",
        "开始时间": "start",
        "小时": "hours",
        "时长": "hours",
        "次日不可接": "not_before",
        # contracts
        "合同": "contract",
        "最少小时": "hours_min",
        "最多小时": "hours_max",
        "班次上限": "shifts_max",
        "最少连班": "run_min",
        "最多连班": "run_max",
        "最少连休": "off_min",
        "周末上限": "weekends_max",
        # staff
        "员工": "staff",
        "工号": "staff",
        "技能": "skills",
        "休假": "leave",
        "希望休息": "off",
        "希望上班": "on",
        "带教": "mentor",
        # cover
        "日期": "day",
        "最少人数": "minimum",
        "希望人数": "preferred",
    }
)
"""Column by Chinese heading."""

_WEEKDAYS = {"一": "mon", "二": "tue", "三": "wed", "四": "thu", "五": "fri", "六": "sat", "日": "sun", "天": "sun"}
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "是": "yes",
        "否": "no",
        "每天": "daily",
        **{f"{week}{day}": name for week in ("周", "星期") for day, name in _WEEKDAYS.items()},
    }
)
"""Word of a cell by Chinese word."""

_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", re.ASCII)


def column_of(heading: str) -> str:
    """Give the column that a heading names, in small letters where it is no Chinese one."""
    name = heading.strip().lower()
    return HEADINGS.get(name, name)


def word_of(text: str) -> str:
    """Give a cell's word in small letters, in English."""
    word = text.strip().lower()
    return WORDS.get(word, word)


def day_of(text: str) -> date:
    """Give a calendar day such as ``2026-12-24``, ``2026/12/24`` or ``2026年12月24日``.

    Raises
    ------
    ValueError
        If it is none. A day that begins with day or month is none: nobody knows which of the two it is.

    Examples
    --------
    >>> day_of("2026/1/5")
    datetime.date(2026, 1, 5)
    """
    found = _DAY.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text[:40]!r} is no day")
    return date(int(found[1]), int(found[2]), int(found[3]))
