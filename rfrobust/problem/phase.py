"""The phases of robust training, of the limit and of one data set alike."""

from enum import IntEnum


class Phase(IntEnum):
    """What kind of solution training reaches."""

    NULL = 0
    REGULAR = 1
    INTERPOLATING = 2

    @property
    def message(self) -> str:
        """What the phase means."""
        return {
            Phase.NULL: "eps is at or above the null threshold: training returns theta = 0",
            Phase.REGULAR: "some training residuals are zero, some are not",
            Phase.INTERPOLATING: "all training residuals are zero to double precision: "
            "the interpolator of least |J theta|",
        }[self]
