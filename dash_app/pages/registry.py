"""All pages. A new page is one module and one line here."""

from __future__ import annotations

from dash_app.pages import (
    access,
    account,
    alarm_health,
    alarms,
    ambulances,
    audit,
    beds,
    buying,
    calibration,
    cheapest,
    checklists,
    choosing,
    counts,
    devices,
    drift,
    find,
    fleet_figures,
    floor_map,
    forecast,
    gateways,
    imports,
    incidents,
    interfaces,
    maintenance,
    measurements,
    notices,
    overview,
    par_studio,
    pathway,
    plan,
    queues,
    reconcile,
    reliability,
    replacement,
    reprocessing,
    roster,
    search,
    sets,
    stock,
    strategies,
    surgery,
    tasks,
    upkeep,
    watches,
    ways,
    whatif,
    wristbands,
)
from dash_app.pages.page import Page

PAGES: tuple[Page, ...] = (
    overview.PAGE,
    floor_map.PAGE,
    alarms.PAGE,
    alarm_health.PAGE,
    beds.PAGE,
    queues.PAGE,
    reconcile.PAGE,
    ambulances.PAGE,
    wristbands.PAGE,
    watches.PAGE,
    devices.PAGE,
    devices.DEVICE_PAGE,
    find.PAGE,
    notices.PAGE,
    incidents.PAGE,
    maintenance.PAGE,
    strategies.PAGE,
    checklists.PAGE,
    measurements.PAGE,
    reliability.PAGE,
    drift.PAGE,
    fleet_figures.PAGE,
    replacement.PAGE,
    stock.PAGE,
    par_studio.PAGE,
    buying.PAGE,
    tasks.PAGE,
    counts.PAGE,
    forecast.PAGE,
    whatif.PAGE,
    cheapest.PAGE,
    choosing.PAGE,
    calibration.PAGE,
    pathway.PAGE,
    plan.PAGE,
    surgery.PAGE,
    roster.PAGE,
    reprocessing.PAGE,
    sets.PAGE,
    gateways.PAGE,
    imports.PAGE,
    interfaces.PAGE,
    access.PAGE,
    audit.PAGE,
    account.PAGE,
    ways.PAGE,
    upkeep.PAGE,
    search.PAGE,
)


def page_for(path: str) -> Page | None:
    """Give the page that answers an address, None if there is none.

    Parameters
    ----------
    path : str
        Address below the prefix, with a leading slash.
    """
    for page in PAGES:
        if page.answers(path):
            return page
    return None
