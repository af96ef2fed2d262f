"""Clean generalization with robust overfitting: how adversarial training of a patch model ends in memorization."""

from .network import GramDescent, attacked, descend, loss, margins
from .phases import PHASES, find_phases
from .problem import Attack, Draw, PatchData, PatchProblem, draw, sample_patches
from .trajectory import log_records, memory, simulate

__all__ = [
    "PHASES",
    "Attack",
    "Draw",
    "GramDescent",
    "PatchData",
    "PatchProblem",
    "attacked",
    "descend",
    "draw",
    "find_phases",
    "log_records",
    "loss",
    "margins",
    "memory",
    "sample_patches",
    "simulate",
]
