"""numpy, imported when it is first used: it takes a fifth of the time of `loadkit validate`, which computes nothing.

Who makes load asks for it before that begins (`import_numpy`). Measured with `python -X importtime -m loadkit validate FILE`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Sparse = tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint32]]
else:

    class _Numpy:
        """Stands for the module; once something is asked of it, it has all that the module has."""

        def __getattr__(self, name: str) -> Any:
            import numpy

            self.__dict__.update(vars(numpy))
            return getattr(numpy, name)

    np = _Numpy()
    Ints = Floats = Sparse = Any

__all__ = ["Floats", "Ints", "Sparse", "import_numpy", "np"]


def import_numpy() -> None:
    """Import numpy now, so that nothing waits for it later."""
    np.zeros(0)
