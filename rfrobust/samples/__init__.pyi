from .patches import image_patches as image_patches
from .pool import PoolWarning as PoolWarning
from .theory import DataTheory as DataTheory
from .theory import theory_of_data as theory_of_data
