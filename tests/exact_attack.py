"""The true inner maximum of a tiny ReLU network: every point at which a piecewise linear function can be largest."""

from itertools import combinations, product

import numpy as np
from scipy.optimize import brentq, minimize_scalar


def true_maximum(W, offset, theta, x, y, eps):
    """Largest (y - sum_j theta_j (relu(w_j'z) + offset))^2 over |z - x| <= eps, for one x.

    On the part of the ball where some units stay at their kink f is linear on each piece, and largest where it touches
    the sphere in the direction of that piece's gradient; the pieces are enumerated, the points evaluated.
    """
    N, d = W.shape
    slopes = np.unique(np.array([(np.array(on) * theta) @ W for on in product((0, 1), repeat=N)]), axis=0)
    slopes = np.concatenate([slopes, -slopes])
    points = [x[None]]
    for k in range(min(d, N) + 1):
        for kept in combinations(range(N), k):
            normals = W[list(kept)]
            if k and np.linalg.matrix_rank(normals) < k:
                continue
            shift = np.linalg.lstsq(normals, -normals @ x, rcond=None)[0] if k else np.zeros(d)
            room = eps**2 - shift @ shift
            if room < 0:
                continue
            free = slopes - slopes @ np.linalg.pinv(normals) @ normals if k else slopes
            size = np.linalg.norm(free, axis=1, keepdims=True)
            moves = shift + np.sqrt(room) * free / np.where(size > 1e-12, size, 1.0) * (size > 1e-12)
            # Kinks that nearly coincide leave rounding for a direction: such points are drawn back into the ball.
            points.append(x + moves * (eps / np.maximum(np.linalg.norm(moves, axis=1, keepdims=True), eps)))
    points = np.concatenate(points)
    fit = (np.maximum(points @ W.T, 0.0) + offset) @ theta
    return float(np.max((y - fit) ** 2))


def true_maximum_in_the_plane(W, offset, theta, x, y, radius, norm):
    """The same for d = 2 and |z - x|_p <= radius, p > 1 or inf.

    It is attained where two of the lines at which units turn on (and, for p = inf, the sides of the square) cross,
    where one leaves the ball, or at the point of the ball that is farthest along some piece's gradient.
    """
    bends, shifts = W, -W @ x
    if norm == np.inf:
        bends, shifts = (
            np.concatenate([W, np.eye(2), np.eye(2)]),
            np.concatenate([shifts, np.repeat([radius, -radius], 2)]),
        )
    points = [np.zeros(2)]
    for pair in combinations(range(len(bends)), 2):
        if abs(np.linalg.det(bends[list(pair)])) > 1e-12:
            points.append(np.linalg.solve(bends[list(pair)], shifts[list(pair)]))
    if norm < np.inf:
        for normal, shift in zip(W, -W @ x, strict=True):
            foot, along = shift * normal / (normal @ normal), np.array([-normal[1], normal[0]])
            size = lambda t, foot=foot, along=along: np.linalg.norm(foot + t * along, norm) - radius  # noqa: E731
            middle = minimize_scalar(size, (-radius, radius)).x
            if size(middle) < 0.0:
                ends = [brentq(size, middle, middle + side * 10.0 * radius, xtol=1e-14) for side in (-1.0, 1.0)]
                points += [foot + t * along for t in ends]
        power = 1.0 / (norm - 1.0)
        for on in product((0, 1), repeat=len(W)):
            slope = (np.array(on) * theta) @ W
            far = np.sign(slope) * np.abs(slope) ** power
            if far.any():
                points += [sign * radius * far / np.linalg.norm(far, norm) for sign in (-1.0, 1.0)]
    points = np.array(points)
    points = points[np.linalg.norm(points, norm, axis=1) <= radius * (1 + 1e-9)]
    fit = (np.maximum((x + points) @ W.T, 0.0) + offset) @ theta
    return float(np.max((y - fit) ** 2))
