"""Words for the keys of a pathway's entries, as the reference of the format describes them."""

from __future__ import annotations

from collections.abc import Mapping

from dash_app.texts.catalogue import mark

KEYS: Mapping[str, str] = {
    "do": mark("What happens"),
    "next": mark("Next node"),
    "pools": mark("What is taken"),
    "of": mark("What that node took"),
    "quantity": mark("Units of each"),
    "any_of": mark("The first that can be had"),
    "duration": mark("How long"),
    "priority": mark("Priority"),
    "patience": mark("Waits at most"),
    "reneged": mark("Node for who waited too long"),
    "calendar": mark("Open hours"),
    "from": mark("From place"),
    "to": mark("To"),
    "mover": mark("Moves as"),
    "by": mark("Chosen by"),
    "branches": mark("Branches"),
    "join": mark("Node where branches meet"),
    "attribute": mark("Attribute"),
    "value": mark("Value"),
    "add": mark("Adds to it"),
    "size": mark("Patients together"),
    "max_wait": mark("The first waits at most"),
    "disposition": mark("Where to"),
    "capacity": mark("Units always there"),
    "shifts": mark("Shifts"),
    "changes": mark("Changes during the run"),
    "discipline": mark("Order of service"),
    "at_shift_end": mark("At the end of a shift"),
    "eviction": mark("Of a service taken away"),
    "level_worth": mark("Wait worth one level of priority"),
    "may_overtake": mark("Small requests may overtake"),
    "reserve_after": mark("Keeps free units after"),
    "failures": mark("Failures"),
    "turnover": mark("Turnover"),
    "restocking": mark("Restocking"),
    "cost_per_hour": mark("Cost of an hour"),
    "classes": mark("Classes"),
    "gap": mark("Time between two"),
    "per_hour": mark("Patients per hour"),
    "piece": mark("Each rate lasts"),
    "appointments": mark("Appointments"),
    "burst": mark("Burst"),
    "group": mark("Come together"),
    "no_show": mark("Share that does not come"),
    "lateness": mark("Comes late by"),
    "early": mark("Comes early by"),
    "pre_arrival": mark("Call before the door"),
    "open": mark("Open"),
}
"""Label by key; a key without one is shown as it stands in the file."""
