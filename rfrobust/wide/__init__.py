"""Wide networks under adversarial training: kernels, the linearized flow and Adv-NTK."""

from .architecture import Architecture
from .ark import MonteCarlo, ark_limit, ark_monte_carlo
from .attacks import InputAttack
from .dynamics import LinearizedFlow
from .estimators import (
    AdvNTKClassifier,
    AdvNTKRegressor,
    EarlyStoppedNTKClassifier,
    EarlyStoppedNTKRegressor,
    NTKClassifier,
    NTKRegressor,
)
from .kernels import nngp, ntk, ntk_with_gradient
from .network import FiniteNetwork
from .predictor import KernelPredictor
from .spectral import KernelSpectrum, RankLossWarning, StoppedKernel
from .training import adversarial_training, gradient_search, train_on_search

__all__ = [
    "AdvNTKClassifier",
    "AdvNTKRegressor",
    "Architecture",
    "InputAttack",
    "EarlyStoppedNTKClassifier",
    "EarlyStoppedNTKRegressor",
    "FiniteNetwork",
    "KernelPredictor",
    "KernelSpectrum",
    "LinearizedFlow",
    "MonteCarlo",
    "NTKClassifier",
    "NTKRegressor",
    "RankLossWarning",
    "StoppedKernel",
    "adversarial_training",
    "ark_limit",
    "ark_monte_carlo",
    "gradient_search",
    "nngp",
    "ntk",
    "ntk_with_gradient",
    "train_on_search",
]
