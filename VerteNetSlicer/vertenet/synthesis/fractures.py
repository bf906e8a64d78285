"""Fractures and mild deformities: a normal contour loses part of its heights.

A deformity is a loss profile: the share of the local height lost at each of the
17 endplate samples, posterior to anterior.  Corresponding samples of both
endplates approach each other along their connecting line, so every height is
multiplied by exactly one minus its loss.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vertenet.synthesis.contour import INFERIOR, SUPERIOR

Array = NDArray[np.float64]

GENANT_CUTS = (0.20, 0.25, 0.40)
"""Height loss at which grades 1, 2 and 3 begin.

Source: Genant et al., J Bone Miner Res 1993;8:1137, doi:10.1002/jbmr.5650080915.
"""
KINDS = ("wedge", "biconcave", "crush")
_U = np.linspace(0.0, 1.0, 17)
_T = np.arange(1, 16) / 16


def genant_grade(loss: float) -> int:
    """Grade 0 to 3 of the largest loss (share of the expected height)."""
    # 1e-9: a loss of 20 % rebuilt from heights may come out as 19.999999999 %.
    return sum(loss >= cut - 1e-9 for cut in GENANT_CUTS)


def compress(outline: Array, loss: Array, *, superior_share: float | Array = 0.5) -> Array:
    """Lower the heights of contours (64, 2) by a loss profile (17,), posterior to anterior.

    Args:
        outline: contour of the body, in any frame.
        loss: share of the height lost at each endplate sample; negative makes it taller.
        superior_share: part of the loss taken by the superior endplate, 0 to 1.
    """
    top, bottom = outline[SUPERIOR], outline[INFERIOR]
    lost = (bottom - top) * np.asarray(loss)[:, None]
    share = np.broadcast_to(superior_share, loss.shape)[:, None]
    down, up = lost * share, -lost * (1 - share)
    result = outline.copy()
    result[SUPERIOR] += down
    result[INFERIOR] += up
    # Walls go with their corners, the corners themselves have been moved already.
    t = _T[:, None]
    result[17:32] += (1 - t) * down[16] + t * up[16]
    result[49:64] += (1 - t) * up[0] + t * down[0]
    return result


def bulge(outline: Array, *, anterior: float = 0.0, posterior: float = 0.0) -> Array:
    """Push the walls outward between their fixed corners, as shares of the depth."""
    result = outline.copy()
    axis = (outline[16] + outline[32] - outline[0] - outline[48]) / 2
    arch = (4 * _T * (1 - _T))[:, None]
    result[17:32] += anterior * arch * axis
    result[49:64] -= posterior * arch * axis
    return result


def loss_profile(kind: str, loss: float, *, pattern: float = 0.5, rest: float = 0.5) -> Array:
    """Loss at 17 endplate samples, largest at the place that gives the kind its name.

    Args:
        kind: "wedge", "biconcave" or "crush".
        loss: largest loss of the three measured heights.
        pattern: 0 to 1; how abruptly the endplate falls (slope, collapse, step).
        rest: 0 to 1; how much of the loss the other heights share.
    """
    if kind == "wedge":
        start = 0.45 * pattern
        ramp = np.clip((_U - start) / (1 - start), 0, 1)
        ramp = ramp ** (0.7 + 0.6 * rest)
        # Measured wedges lose in the middle about 0.6 of what they lose in front.
        middle = (0.10 + 0.30 * rest) * np.sin(np.pi * _U) ** 2
        return loss * np.minimum(ramp + middle, 1.0)
    if kind == "biconcave":
        bowl = np.sin(np.pi * _U) ** (0.6 + 1.4 * pattern)
        return loss * np.maximum(bowl, 0.6 * rest * _U)
    base = 0.5 + 0.45 * rest
    step = 1 / (1 + np.exp(-(4 + 16 * pattern) * (_U - 0.35)))
    step = (step - step[0]) / (step[-1] - step[0])
    return loss * (base + (1 - base) * step)


def deform(outline: Array, deformity: dict[str, Any]) -> Array:
    """Apply one deformity, as :func:`draw_deformity` describes it, to a contour (64, 2)."""
    profile = loss_profile(
        deformity["kind"], deformity["loss"], pattern=deformity["pattern"], rest=deformity["rest"]
    )
    result = compress(outline, profile, superior_share=deformity["superior_share"])
    return bulge(result, anterior=deformity["bulge"], posterior=deformity["bulge"] * 0.6)


def true_grade(deformity: dict[str, Any]) -> int:
    """Genant grade that the deformity has by construction."""
    return genant_grade(deformity["loss"])


def draw_deformity(rng: np.random.Generator, *, kinds: Array, mild: bool = False) -> dict[str, Any]:
    """Parameters of one deformity: 20 to 60 % loss, or 8 to 20 % if mild.

    Args:
        rng: source of chance.
        kinds: probabilities of wedge, biconcave, crush.
        mild: below the threshold of grade 1.
    """
    u = rng.random(6)
    kind = KINDS[min(int(np.searchsorted(np.cumsum(kinds), u[0])), 2)]
    # Squared: mild and moderate losses are the common ones in NHANES (94 % grade 1 or 2).
    loss = 0.08 + 0.115 * u[1] if mild else 0.20 + 0.40 * u[1] ** 1.6
    return {
        "kind": kind,
        "loss": float(loss),
        "pattern": float(u[2]),
        "rest": float(u[3]),
        "superior_share": float(0.35 + 0.65 * u[4]),
        "bulge": float(0.10 * (u[5] - 0.3) * loss / 0.4),
    }
