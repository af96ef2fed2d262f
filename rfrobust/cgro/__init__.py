"""Clean generalization with robust overfitting: how adversarial training of a patch model ends in memorization."""

from .diagram import boundary, memory_share, memory_time, phase_diagram, simulated_boundary, stall_level
from .images import (
    ARCHITECTURES,
    AdversarialTraining,
    ImageData,
    accuracy,
    digits,
    evaluate,
    linf_attack,
    robust_accuracy,
    train_network,
    width_sweep,
)
from .network import GramDescent, attacked, descend, loss, margins
from .phases import PHASES, find_phases
from .problem import Draw, PatchAttack, PatchData, PatchProblem, draw, sample_patches
from .published import SETTINGS, PublishedRow, PublishedSetting
from .reduced import (
    ReducedStart,
    advance,
    blow_up,
    phase_times,
    reduced_trajectory,
    solve_clocks,
    start_of,
    typical_start,
)
from .scaling import scaling
from .trajectory import log_records, memory, trajectories

__all__ = [
    "ARCHITECTURES",
    "PHASES",
    "AdversarialTraining",
    "PatchAttack",
    "Draw",
    "GramDescent",
    "ImageData",
    "PatchData",
    "PatchProblem",
    "PublishedRow",
    "PublishedSetting",
    "ReducedStart",
    "SETTINGS",
    "accuracy",
    "advance",
    "attacked",
    "blow_up",
    "boundary",
    "descend",
    "digits",
    "draw",
    "evaluate",
    "find_phases",
    "linf_attack",
    "log_records",
    "loss",
    "margins",
    "memory",
    "memory_share",
    "memory_time",
    "phase_diagram",
    "phase_times",
    "reduced_trajectory",
    "robust_accuracy",
    "sample_patches",
    "scaling",
    "trajectories",
    "simulated_boundary",
    "solve_clocks",
    "stall_level",
    "start_of",
    "train_network",
    "typical_start",
    "width_sweep",
]
