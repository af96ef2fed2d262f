"""Continuous piecewise linear functions on a lattice of the unit cube, as ReLU networks, and their least squares fit.

The cells of the lattice are cut into the d! simplices of Kuhn's triangulation. Formulas: docs/memorize, "Teachers".
"""

import warnings
from itertools import product
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import MatrixRankWarning, spsolve

from ..support import validation
from .network import ReLUNetwork


def interpolant(values: Any) -> ReLUNetwork:
    """Return the network with these values at the nodes of a lattice, linear on every simplex between them.

    ``f(x) = sum_k c_k s(1 - max(0, u) - max(0, -u))`` with ``u = (m_1 x_1 - k_1, ..., m_d x_d - k_d)``, where
    ``max(0, u)`` is the largest of 0 and the coordinates of u. On [0, 1]^d it interpolates; outside, it falls to 0
    within a cell.

    Parameters
    ----------
    values : (m_1 + 1, ..., m_d + 1) array
        ``c_k``, the value at ``(k_1/m_1, ..., k_d/m_d)``; two or more nodes a side.

    Returns
    -------
    ReLUNetwork
        d + 1 hidden layers; to leading order 12 parameters a node (8 for d = 1).
    """
    values = validation.real_array("values", values)
    if not values.ndim or min(values.shape) < 2:
        raise ValueError(f"values must have two or more nodes a side, got shape {values.shape}")
    d = values.ndim
    nodes = np.array(list(product(*(range(size) for size in values.shape))))
    # z_j = m_j x_j - m_{j-1} x_{j-1} and its node kappa_j give E_j = s(z_j - kappa_j + E_{j+1}), which is the largest
    # of 0 and u_i - u_{j-1} over i >= j; E_1 is max(0, u). The same with all signs turned gives max(0, -u).
    steps = np.diff(nodes, axis=1, prepend=0)
    differences = np.diag(np.array(values.shape) - 1.0)
    differences -= np.pad(differences, ((1, 0), (0, 0)))[:-1]

    weights: list[Any] = []
    biases: list[Any] = []
    shared = np.zeros(len(nodes), dtype=int)
    for j in range(d - 1, -1, -1):
        # A pair of neurons, E_j of either sign, serves all nodes with the same (kappa_j, ..., kappa_d); z_1..z_{j-1}
        # are handed on as s(z) - s(-z).
        kappa, first, inverse = np.unique(steps[:, j:], axis=0, return_index=True, return_inverse=True)
        count = len(kappa)
        if not weights:
            own = sparse.kron(sparse.coo_array(np.ones((count, 1))), sparse.coo_array(differences[[j]]))
            handed = sparse.csr_array(differences[:j])
            rows = sparse.vstack([handed, -handed, own, -own])
        else:
            keep = sparse.eye_array(j, j + 1)
            z = _selection(np.full(count, j), j + 1)
            deeper = _selection(shared[first], shared.max() + 1)
            rows = sparse.block_array(
                [[keep, None, None, None], [None, keep, None, None], [z, -z, deeper, None], [-z, z, None, deeper]]
            )
        weights.append(rows)
        biases.append(np.concatenate([np.zeros(2 * j), -kappa[:, 0], kappa[:, 0]]))
        shared = inverse
    hats = _selection(shared, len(nodes))
    weights += [sparse.hstack([-hats, -hats]), values.reshape(1, -1)]
    biases += [np.ones(len(nodes)), np.zeros(1)]
    return ReLUNetwork(weights, biases)


def hats(x: Any, cells: int) -> sparse.csr_array:
    """Return the values of all hat functions of a periodic lattice, sparse of shape (n, cells^d).

    Row i holds the barycentric coordinates of ``x_i`` in its simplex: with the local coordinates of the cell sorted,
    ``1 >= u_(1) >= ... >= u_(d) >= 0``, they are ``1 - u_(1), u_(1) - u_(2), ..., u_(d)``.

    Parameters
    ----------
    x : (n, d) array in [0, 1]
    cells : int
        Cells a side.
    """
    x = validation.real_array("x", x, 0, 1, ndim=2)
    cells = validation.integer("cells", cells, 1)
    n, d = x.shape
    cell = np.minimum((x * cells).astype(int), cells - 1)
    local = x * cells - cell
    order = np.argsort(-local, axis=1)
    edges = np.take_along_axis(local, order, axis=1)
    weight = -np.diff(edges, axis=1, prepend=1.0, append=0.0)
    # Walk from the cell's lower corner to its upper one, a coordinate at a time, the largest first.
    steps = (order[:, :, None] == np.arange(d)).cumsum(axis=1)
    corners = np.concatenate([cell[:, None], cell[:, None] + steps], axis=1) % cells
    columns = np.ravel_multi_index(tuple(np.moveaxis(corners, 2, 0)), (cells,) * d)
    return sparse.csr_array(
        (weight.ravel(), columns.ravel(), np.arange(0, n * (d + 1) + 1, d + 1)), shape=(n, cells**d)
    )


def fit(X: Any, y: Any, cells: int) -> np.ndarray:
    """Return the node values, periodic and of shape (cells + 1,)*d, of the least squares fit to samples.

    Parameters
    ----------
    X, y : (n, d) array in [0, 1], (n,) array
    cells : int
        Cells a side; at most n nodes.

    Raises
    ------
    ValueError
        If an argument is out of range, or some nodes are not determined by the samples.
    """
    design = hats(X, cells)
    n, nodes = design.shape
    y = validation.real_array("y", y, shape=(n,))
    if nodes > n:
        raise ValueError(f"cells={cells} gives {nodes} nodes, which {n} samples do not determine")
    with warnings.catch_warnings():
        warnings.simplefilter("error", MatrixRankWarning)
        try:
            solution = spsolve(sparse.csc_array(design.T @ design), design.T @ y)
        except MatrixRankWarning:
            raise ValueError(f"cells={cells}: the samples leave the value of a node undetermined") from None
    d = np.shape(X)[1]
    return np.pad(solution.reshape((cells,) * d), [(0, 1)] * d, mode="wrap")


def evaluate(values: np.ndarray, x: Any) -> np.ndarray:
    """Return ``interpolant(values)(x)`` for periodic values, shape (n,), without the network."""
    cells = values.shape[0] - 1
    return hats(x, cells) @ values[(slice(cells),) * values.ndim].ravel()


def _selection(columns: np.ndarray, width: int) -> sparse.csr_array:
    """Return the 0-1 matrix with a one in each row at the given column."""
    count = len(columns)
    return sparse.csr_array((np.ones(count), (np.arange(count), columns)), shape=(count, width))
