"""Overfitted networks that still generalize, by explicit construction (docs/memorize.md)."""

from .bricks import block, blocks, clip_gate, exact_gate, product, squaring, trapezoid
from .capacity import built_parameters, parameter_counts
from .digits import digits_comparison
from .memorizer import Memorizer, robust_memorizer, student
from .network import ReLUNetwork, compose, parallel_sum, stack
from .onnx import to_onnx
from .rates import learning_rates, slopes
from .separation import SeparationError, largest_delta
from .splines import interpolant
from .verify import Verification, minimum, pgd, robust_error, verify

__all__ = [
    "Memorizer",
    "ReLUNetwork",
    "SeparationError",
    "Verification",
    "block",
    "blocks",
    "built_parameters",
    "clip_gate",
    "compose",
    "digits_comparison",
    "exact_gate",
    "interpolant",
    "largest_delta",
    "learning_rates",
    "minimum",
    "parallel_sum",
    "parameter_counts",
    "pgd",
    "product",
    "robust_error",
    "robust_memorizer",
    "slopes",
    "squaring",
    "stack",
    "student",
    "to_onnx",
    "trapezoid",
    "verify",
]
