"""What becomes of the other workers when one dies."""

from enum import Enum


class OnWorkerLoss(Enum):
    """Stop the others, or go on without the lost one. The run is invalid either way."""

    ABORT = "abort"
    DEGRADE = "degrade"
