from .numbers import Dual as Dual
from .numbers import Field as Field
from .records import Law as Law
from .records import Parameters as Parameters
from .records import Point as Point
