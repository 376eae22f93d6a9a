"""How compiled functions are compiled, so that it takes little time."""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., object])


def compile_inner(function: _Function) -> _Function:
    """Compile what only compiled functions call.

    It needs no door for Python to enter by, and no place on the disk: the search that holds it is kept there.
    To make the doors takes the compiler as long as all the rest.
    """
    options: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    compiled: _Function = njit(nogil=True, error_model="numpy", **options)(function)
    return compiled
