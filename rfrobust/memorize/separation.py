"""How far apart samples of different labels are in l_inf: what a robust memorizer needs before anything is built."""

from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from ..support import validation
from ..support.errors import Error
from .bricks import check_radii


class SeparationError(Error, ValueError):
    """Two samples with different labels are too close for cubes of the asked size.

    Attributes
    ----------
    pair : (int, int)
        The closest offending pair of rows.
    distance : float
        Its l_inf distance.
    largest_delta : float
        ``(distance - theta)/2``, the largest admissible radius at this theta; not positive if there is none.
    """

    def __init__(self, pair: tuple[int, int], distance: float, largest_delta: float, message: str) -> None:
        super().__init__(message)
        self.pair = pair
        self.distance = distance
        self.largest_delta = largest_delta


def check_separation(
    X: np.ndarray, labels: np.ndarray | None, delta: float, theta: float, among: np.ndarray | None = None
) -> None:
    """Raise :class:`SeparationError` unless samples with different labels are ``>= 2 delta + theta`` apart.

    ``labels`` None asks it of any two samples; ``among`` restricts the check to pairs with at least one of these rows.
    Distances that are too short by rounding only (4 ulp) are let through: there blocks overlap by some 1e-15/theta.
    """
    radius = 2 * delta + theta
    least = radius * (1 - 4 * np.finfo(float).eps)
    rows = np.arange(len(X)) if among is None else among
    tree = cKDTree(X)
    worst: tuple[float, int, int] | None = None
    for i in rows:  # one at a time: all lists of neighbours at once may take gigabytes
        other = np.asarray(tree.query_ball_point(X[i], radius, p=np.inf))
        other = other[other != i if labels is None else labels[other] != labels[i]]
        if other.size:
            distance = np.abs(X[other] - X[i]).max(axis=1)
            k = int(distance.argmin())
            if distance[k] < least and (worst is None or distance[k] < worst[0]):
                first, second = sorted((int(i), int(other[k])))
                worst = (float(distance[k]), first, second)
    if worst is None:
        return
    distance, i, j = worst
    largest = (distance - theta) / 2
    advice = (
        f"the largest admissible delta at theta={theta!r} is {largest!r}"
        if largest > 0
        else f"no delta is admissible at theta={theta!r}"
    )
    raise SeparationError(
        (i, j),
        distance,
        largest,
        f"samples {i} and {j}{' have different labels and' if labels is not None else ''} are {distance!r} apart in "
        f"l_inf, closer than 2 delta + theta = {radius!r} (delta={delta!r}); {advice}",
    )


def largest_delta(X: Any, y: Any, theta: float) -> float:
    """Return the largest radius ``(min distance - theta)/2`` at which (X, y) can be memorized robustly.

    The distance is the least l_inf distance of two samples with different labels, or of any two where ``y`` is None, as
    a regression student needs it. ``inf`` if there are no such two; negative if no radius is admissible at this
    ``theta``.
    """
    X = validation.real_array("X", X, ndim=2)
    labels = np.arange(len(X)) if y is None else label_codes(y, len(X))
    theta = check_radii(0.0, theta)[1]
    if (labels == labels[0]).all():
        return np.inf
    tree = cKDTree(X)
    distance, todo, neighbours = np.inf, np.arange(len(X)), 2
    while todo.size:
        near, index = tree.query(X[todo], k=min(neighbours, len(X)), p=np.inf)
        other = labels[index] != labels[todo, None]
        distance = min(distance, near[other].min(initial=np.inf))
        # Samples surrounded by their own label closer than the best pair so far need a longer look.
        todo = todo[~other.any(axis=1) & (near[:, -1] < distance)]
        neighbours *= 2
    return float(distance - theta) / 2


def label_codes(y: Any, count: int) -> np.ndarray:
    """Return integers that are equal exactly where labels are; labels may be numbers or strings."""
    labels = validation.as_array("y", y)
    if labels.ndim != 1 or len(labels) != count:
        raise ValueError(f"y must have shape ({count},), one label a sample, got {labels.shape}")
    if labels.dtype.kind == "f":
        validation.real_array("y", labels)
    if labels.dtype.kind not in "biufUS":
        raise TypeError(f"y must hold numbers or strings, got an array of dtype {labels.dtype}")
    return np.unique(labels, return_inverse=True)[1]
