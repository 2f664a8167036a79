"""Distances of the TSPLIB format: by coordinates, or as triangles and matrices of numbers.

References
----------
Reinelt, G. (1995). TSPLIB 95. University of Heidelberg, sections 1.1 (formats) and 2 (distance functions).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

FORMATS = {"FULL_MATRIX", "LOWER_ROW", "LOWER_DIAG_ROW", "UPPER_ROW", "UPPER_DIAG_ROW"}
SAME_ORDER = {
    "UPPER_COL": "LOWER_ROW",
    "LOWER_COL": "UPPER_ROW",
    "UPPER_DIAG_COL": "LOWER_DIAG_ROW",
    "LOWER_DIAG_COL": "UPPER_DIAG_ROW",
}
"""A triangle written by columns is the other one written by rows, since distances are the same both ways."""
EARTH_RADIUS_KM = 6378.388  # of the format's own formula, TSPLIB 95, section 2.4
PI = 3.141592  # so few digits in the format's own formula too


def _euclid(dx: Matrix, dy: Matrix) -> Matrix:
    return np.sqrt(dx**2 + dy**2)


BY_DIFFERENCE: dict[str, Callable[[Matrix, Matrix], Matrix]] = {
    "EUC_2D": _euclid,
    "EXACT_2D": _euclid,
    "CEIL_2D": lambda dx, dy: np.ceil(_euclid(dx, dy)),
    "FLOOR_2D": lambda dx, dy: np.floor(_euclid(dx, dy)),
    "MAN_2D": lambda dx, dy: np.abs(dx) + np.abs(dy),
    "MAX_2D": lambda dx, dy: np.maximum(np.abs(dx), np.abs(dy)),
    # pseudo-Euclidean: rounded, and up by one where that made it shorter, which is rounding up
    "ATT": lambda dx, dy: np.ceil(np.sqrt((dx**2 + dy**2) / 10)),
}
KINDS = {*BY_DIFFERENCE, "GEO"}


def by_coordinates(kind: str, xy: Matrix) -> Matrix:
    """Give the distances between points.

    Parameters
    ----------
    kind : str
        One of :data:`KINDS`.
    xy : Matrix
        Coordinates, shape ``(n, 2)``; for ``GEO`` latitude and longitude as degrees and, behind the point, minutes.
    """
    if kind == "GEO":
        return _geographical(xy)
    found = np.empty((len(xy), len(xy)))
    # Row by row: all pairs at once would hold the differences of both coordinates, and their squares, as well.
    for row, (x, y) in zip(found, xy, strict=True):
        row[:] = BY_DIFFERENCE[kind](xy[:, 0] - x, xy[:, 1] - y)
    return found


def _geographical(xy: Matrix) -> Matrix:
    degrees = np.trunc(xy)
    latitude, longitude = (PI * (degrees + 5.0 * (xy - degrees) / 3.0) / 180.0).T
    found = np.zeros((len(xy), len(xy)))
    for at, row in enumerate(found):
        q1 = np.cos(longitude - longitude[at])
        q2 = np.cos(latitude - latitude[at])
        q3 = np.cos(latitude + latitude[at])
        # rounding may leave the cosine of a point and itself a little above 1
        cosine = np.clip(0.5 * ((1.0 + q1) * q2 - (1.0 - q1) * q3), -1.0, 1.0)
        row[:] = np.trunc(EARTH_RADIUS_KM * np.arccos(cosine) + 1.0)
        row[at] = 0.0
    return found


def size_of(form: str, n: int) -> int:
    """Give how many numbers a format has for so many nodes."""
    if form == "FULL_MATRIX":
        return n * n
    return n * (n + 1) // 2 if "DIAG" in form else n * (n - 1) // 2


def of_numbers(form: str, values: list[float], n: int) -> Matrix:
    """Give the matrix that numbers in one of :data:`FORMATS` mean; there are as many as :func:`size_of` says."""
    if form == "FULL_MATRIX":
        return np.array(values, np.float64).reshape(n, n)
    # Without the diagonal the first row of a lower triangle is that of the second node.
    k = 0 if "DIAG" in form else 1
    rows, columns = np.tril_indices(n, -k) if form.startswith("LOWER") else np.triu_indices(n, k)
    matrix = np.zeros((n, n))
    matrix[rows, columns] = values
    matrix[columns, rows] = values
    return matrix
