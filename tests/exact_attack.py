"""The true inner maximum of a tiny ReLU network: every point at which a piecewise linear function can be largest."""

from itertools import combinations, product

import numpy as np


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
