"""What another thread computes at the same time, so that the network leaves it a core."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_TURNS = "20000"  # of a waiting loop, some 20 ns each
_SWITCH_S = 0.0003

_other: ContextVar[Future[Any] | None] = ContextVar("other", default=None)


@contextmanager
def beside(job: Future[Any]) -> Iterator[None]:
    """Let what is called inside know that a job needs a core until it is done."""
    token = _other.set(job)
    try:
        yield
    finally:
        _other.reset(token)


def occupied() -> bool:
    """Whether a core is still needed by what goes on beside."""
    job = _other.get()
    return job is not None and not job.done()


def rest_soon() -> None:
    """Let threads of a process that is ours alone hinder each other less.

    Torch's idle ones sleep after a third of a millisecond, not after five: as long as they
    wait they hold a core that something else could use.  Python's hand over as soon, not
    after five.  To be called before torch is first imported; what the user's environment
    says about waiting stays.
    """
    sys.setswitchinterval(_SWITCH_S)
    # Source: GNU libgomp manual, OMP_WAIT_POLICY and GOMP_SPINCOUNT
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", _TURNS)
