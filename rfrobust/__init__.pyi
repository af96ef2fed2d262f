# namespaces
from . import cgro as cgro
from . import checks as checks
from . import engine as engine
from . import figures as figures
from . import finite as finite
from . import memorize as memorize
from . import problem as problem
from . import samples as samples
from . import theory as theory
from . import tuning as tuning
from . import wide as wide

# evidence for it
from .checks import certify as certify
from .checks import verify as verify

# finite networks
from .finite import RobustRandomFeatures as RobustRandomFeatures
from .finite import RobustRandomFeaturesClassifier as RobustRandomFeaturesClassifier
from .finite import Store as Store
from .finite import extrapolate as extrapolate
from .finite import robust_erm as robust_erm
from .finite import simulate as simulate
from .finite import summary as summary

# a problem
from .problem import Activation as Activation
from .problem import BernoulliGauss as BernoulliGauss
from .problem import DiscreteSpectrum as DiscreteSpectrum
from .problem import EmpiricalSpectrum as EmpiricalSpectrum
from .problem import GaussianMixture as GaussianMixture
from .problem import Huber as Huber
from .problem import Laplace as Laplace
from .problem import MarchenkoPastur as MarchenkoPastur
from .problem import MarginLoss as MarginLoss
from .problem import OrthogonalRows as OrthogonalRows
from .problem import Phase as Phase
from .problem import Problem as Problem
from .problem import Rademacher as Rademacher
from .problem import ResidualLoss as ResidualLoss
from .problem import Spectrum as Spectrum
from .problem import StudentT as StudentT

# predictions for a user's own samples
from .samples import theory_of_data as theory_of_data

# what can go wrong, and the version
from .support.errors import DivergenceError as DivergenceError
from .support.errors import Error as Error
from .support.errors import NumericalError as NumericalError
from .support.errors import SweepWarning as SweepWarning
from .support.quadrature import QuadratureError as QuadratureError
from .support.version import __version__ as __version__

# its limit
from .theory import Equilibrium as Equilibrium
from .theory import SolverError as SolverError
from .theory import Status as Status
from .theory import gradient as gradient
from .theory import interpolation_threshold as interpolation_threshold
from .theory import null_threshold as null_threshold
from .theory import solve as solve
from .theory import sweep as sweep

# best settings
from .tuning import best_activation as best_activation
from .tuning import best_training as best_training
from .tuning import best_width as best_width
from .tuning import pareto as pareto
