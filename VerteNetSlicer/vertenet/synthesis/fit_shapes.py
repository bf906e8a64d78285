"""Make the statistics behind the shape sampler from the NHANES morphometry file.

Usage: ``python -m vertenet.synthesis.fit_shapes NHANES.npz OUT.npz``

What is written are means, a covariance factor and quantiles over people; no
person's row.  The contour of a body is rebuilt from SpineAnalyzer's point list,
which is not a closed contour: after twelve corner points come the anterior wall
(11 points), both rims of the inferior endplate (7 + 7) and its centre line (15),
both edges of the posterior wall (7 + 7), both rims of the superior endplate
(7 + 7) and its centre line (13 of 15).  The mean of both rims passes through MS
and MI; it is the "mid-line of double contours" of our landmark convention.

Source: NHANES 2013-14, files DXXT4_H to DXXL4_H and DXXVFA_H (NCHS, public use).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vertenet.synthesis.contour import SIX_INDEX, local_frame

Array = NDArray[np.float64]

MODES = 16  # contour modes kept for each body
SOURCE = (
    "NHANES 2013-14 vertebral morphometry (NCHS public use; Hologic Discovery A, SpineAnalyzer, "
    "semi-quantitative reading at UCSF); statistics over 2,223 adults of 40 years and older"
)
_MISSING = -32768
_ANTERIOR = slice(12, 23)
_INFERIOR = (slice(23, 30), slice(30, 37))
_POSTERIOR = (slice(52, 59), slice(59, 66))
_SUPERIOR = (slice(66, 73), slice(73, 80))


def _read(path: Path) -> tuple[Array, Array, NDArray[np.int8], NDArray[np.int8]]:
    with np.load(path) as data:
        six = data["six_x10"].astype(float)
        points = data["outline_x10"].astype(float)
        six[data["six_x10"] == _MISSING] = np.nan
        points[data["outline_x10"] == _MISSING] = np.nan
        return six / 10, points / 10, data["genant_sq"], data["invalid_code"]


def _resample(knots: Array, number: int) -> Array:
    """``number`` points, evenly along a polyline (N, K, 2), its last point left out."""
    step = np.linalg.norm(np.diff(knots, axis=1), axis=2)
    along = np.concatenate([np.zeros((len(knots), 1)), np.cumsum(step, axis=1)], axis=1)
    along /= along[:, -1:]
    at = np.arange(number) / number
    result = np.empty((len(knots), number, 2))
    for i, (s, p) in enumerate(zip(along, knots, strict=True)):
        result[i, :, 0] = np.interp(at, s, p[:, 0])
        result[i, :, 1] = np.interp(at, s, p[:, 1])
    return result


def _endplate(start: Array, mid: Array, end: Array, rims: Array) -> Array:
    """16 samples of an endplate; sample 8 is the given mid point exactly."""
    curve = _resample(np.concatenate([start[:, None], rims, end[:, None]], axis=1), 16)
    t = np.arange(16) / 16
    bump = 4 * t * (1 - t)
    return curve + bump[None, :, None] * (mid - curve[:, 8])[:, None]


def _midline(points: Array, pair: tuple[slice, slice]) -> Array:
    return (points[:, pair[0]] + points[:, pair[1]]) / 2


def contours(six: Array, points: Array) -> Array:
    """Closed contours (N, 64, 2) from six points (N, 6, 2) and point lists (N, 93, 2)."""
    ps, ms, a_s, ai, mi, pi = (six[:, k] for k in range(6))
    anterior = np.concatenate([a_s[:, None], points[:, _ANTERIOR], ai[:, None]], axis=1)
    posterior = np.concatenate([pi[:, None], _midline(points, _POSTERIOR), ps[:, None]], axis=1)
    return np.concatenate(
        [
            _endplate(ps, ms, a_s, _midline(points, _SUPERIOR)),
            _resample(anterior, 16),
            _endplate(ai, mi, pi, _midline(points, _INFERIOR)),
            _resample(posterior, 16),
        ],
        axis=1,
    )


def rim_separation(points: Array, height: Array) -> Array:
    """Quantiles 5, 50, 95 % (3, 3) of the distance between the edges of a double contour.

    Rows: superior, inferior endplate (in body heights), posterior wall (in body heights).
    """
    pairs = (_SUPERIOR, _INFERIOR, _POSTERIOR)
    apart = [np.linalg.norm(points[:, a] - points[:, b], axis=2).mean(1) / height for a, b in pairs]
    return np.quantile(np.array(apart), [0.05, 0.5, 0.95], axis=1).T


def _posture(centre: Array, angle: Array, depth: Array, height: Array) -> Array:
    """63 numbers a person: 13 angles, 12 slopes and 12 log lengths of steps, log sizes."""
    step = np.diff(centre, axis=1)
    mean = (angle[:, 1:] + angle[:, :-1]) / 2
    across = step[..., 0] * np.cos(mean) + step[..., 1] * np.sin(mean)
    along = -step[..., 0] * np.sin(mean) + step[..., 1] * np.cos(mean)
    along = np.maximum(along, 1.0)
    return np.concatenate(
        [angle, across / along, np.log(along), np.log(depth), np.log(height)], axis=1
    )


def _clip_outliers(features: Array) -> Array:
    # Misplaced contours: beyond 4.5 robust standard deviations nothing is anatomy.
    middle = np.nanmedian(features, axis=0)
    spread = 1.4826 * np.nanmedian(np.abs(features - middle), axis=0)
    return np.clip(features, middle - 4.5 * spread, middle + 4.5 * spread)


def gaussian_with_gaps(rows: Array, *, rounds: int = 5) -> tuple[Array, Array]:
    """Mean (d,) and covariance (d, d) of rows (n, d) with NaN gaps, by expectation-maximisation."""
    gap = np.isnan(rows)
    mean = np.nanmean(rows, axis=0)
    filled = np.where(gap, mean, rows)
    cov = np.cov(filled.T, bias=True) + np.diag(np.nanvar(rows, axis=0) * 1e-3)
    people = np.flatnonzero(gap.any(1) & ~gap.all(1))
    for _ in range(rounds):
        extra = np.zeros_like(cov)
        for i in people:
            m, k = np.flatnonzero(gap[i]), np.flatnonzero(~gap[i])
            cross = cov[np.ix_(m, k)]
            gain = np.linalg.solve(cov[np.ix_(k, k)], cross.T).T
            filled[i, m] = mean[m] + gain @ (rows[i, k] - mean[k])
            extra[np.ix_(m, m)] += cov[np.ix_(m, m)] - gain @ cross.T
        mean = filled.mean(0)
        cov = np.cov(filled.T, bias=True) + extra / len(rows)
        cov += np.diag(np.diag(cov) * 1e-4)
    return mean, cov


def _heights(six: Array) -> Array:
    """Anterior, middle, posterior height (..., 3)."""
    pairs = ((2, 3), (1, 4), (0, 5))
    return np.stack(
        [np.linalg.norm(six[..., a, :] - six[..., b, :], axis=-1) for a, b in pairs], -1
    )


def _fractures(six: Array, genant: NDArray[np.int8], normal: NDArray[np.bool_]) -> dict[str, Any]:
    """Where fractures lie and which of anterior, middle, posterior height they lose."""
    logs = np.log(_heights(six))
    good = np.where(normal[..., None], logs, np.nan)
    norm = np.nanmean(good, axis=0)
    person, level = np.nonzero(genant > 0)
    loss, grade = [], []
    for i, j in zip(person.tolist(), level.tolist(), strict=True):
        near = np.arange(max(j - 3, 0), min(j + 4, 13))
        shift = np.nanmean(good[i, near] - norm[near]) if normal[i, near].any() else np.nan
        loss.append(1 - np.exp(logs[i, j] - norm[j] - shift))
        grade.append(genant[i, j])
    losses = np.array(loss)
    known = np.isfinite(losses).all(1)
    kind = _kind(losses[known])
    return {
        "fracture_levels": np.bincount(level, minlength=13) / len(level),
        "fracture_kinds": np.bincount(kind, minlength=3) / len(kind),
        "fracture_profiles": np.array([losses[known][kind == k].mean(0) for k in range(3)]),
        "fracture_profile_sd": np.array([losses[known][kind == k].std(0) for k in range(3)]),
        "fracture_grades": np.bincount(grade, minlength=4)[1:] / len(grade),
    }


def _kind(losses: Array) -> NDArray[np.int64]:
    """0 wedge, 1 biconcave, 2 crush, from losses (N, 3) of anterior, middle, posterior height."""
    crush = losses[:, 2] > 0.12
    biconcave = losses[:, 1] - losses[:, 0] > 0.03
    return np.where(crush, 2, np.where(biconcave, 1, 0))


def fit_shape_model(nhanes_npz: Path) -> dict[str, Any]:
    """The arrays of ``spine_shapes.npz``, computed from the development file.

    Args:
        nhanes_npz: arrays as described in the data note (six_x10, outline_x10, ...).
    """
    six, points, genant, invalid = _read(nhanes_npz)
    people, levels = six.shape[:2]
    seen = np.isfinite(points).all((2, 3)) & np.isfinite(six).all((2, 3)) & (invalid == 0)
    outline = np.full((people, levels, 64, 2), np.nan)
    outline[seen] = contours(six[seen], points[seen])
    centre, angle, depth, height, local = local_frame(outline)
    normal = seen & (genant == 0)
    local_mean = np.nanmean(np.where(normal[..., None, None], local, np.nan), axis=0)
    residual = (local - local_mean)[normal].reshape(-1, 128)
    wild = np.abs(residual).max(1) > 0.25
    _, spread, modes = np.linalg.svd(residual[~wild] - residual[~wild].mean(0), full_matrices=False)
    modes = modes[:MODES]
    scores = (local - local_mean).reshape(people, levels, 128) @ modes.T
    scores[~normal] = np.nan
    height[~normal] = np.nan
    features = np.concatenate(
        [_posture(centre, angle, depth, height), scores.reshape(people, -1)], axis=1
    )
    features = features[seen.sum(1) >= 8]
    mean, cov = gaussian_with_gaps(_clip_outliers(features))
    result: dict[str, Any] = {
        "local_mean": local_mean,
        "modes": modes,
        "explained": np.array((spread[:MODES] ** 2).sum() / (spread**2).sum()),
        "rim_separation": rim_separation(points[normal], height[normal]),
        "feature_mean": mean,
        "feature_factor": np.linalg.cholesky(cov),
        **_fractures(six, genant, normal),
    }
    packed = {k: np.asarray(v, dtype=np.float32) for k, v in result.items()}
    return {**packed, "source": np.array(SOURCE), "six_index": np.array(SIX_INDEX)}


def main(arguments: list[str]) -> None:
    """Read the file named first, write the statistics to the file named second."""
    out = Path(arguments[1])
    part = out.with_suffix(".part.npz")
    np.savez_compressed(part, **fit_shape_model(Path(arguments[0])))
    part.replace(out)


if __name__ == "__main__":
    main(sys.argv[1:])
