"""Spines with known heights."""

from __future__ import annotations

import pytest

from vertenet.anatomy import LEVELS, Landmark, Level, PointName, Side, Spine, Vertebra
from vertenet.measure.norms import default_norms


class Build:
    """Bodies as trapezia: the posterior wall at x = 100, the anterior wall ``depth`` further."""

    @staticmethod
    def vertebra(
        level, *, y=100.0, x=100.0, ha=25.0, hm=24.0, hp=26.0, depth=35.0, sigma=None, **more
    ):
        middle, half = y + hp / 2, (hm or 0) / 2
        places = {
            "PS": (x, middle - hp / 2),
            "MS": (x + depth / 2, middle - half),
            "AS": (x + depth, middle - ha / 2),
            "AI": (x + depth, middle + ha / 2),
            "MI": (x + depth / 2, middle + half),
            "PI": (x, middle + hp / 2),
        }
        if hm is None:
            del places["MS"], places["MI"]
        points = {PointName(n): Landmark(*p, sigma_px=sigma) for n, p in places.items()}
        return Vertebra(Level(level), points, **more)

    @classmethod
    def spine(cls, levels=LEVELS, *, size=25.0, gap=8.0, changed=None, sigma=None):
        """Heights of the norm times ``size``; ``changed`` replaces heights by level."""
        norms, y, bodies = default_norms(), 50.0, []
        for level in map(Level, levels):
            heights = {
                name: size * norms.get(level, None, f"{name}_size".replace("h", "H")).mean
                for name in ("ha", "hm", "hp")
            }
            step = max(heights.values())
            heights.update((changed or {}).get(level.value, {}))
            bodies.append(cls.vertebra(level, y=y, sigma=sigma, **heights))
            y += step + gap
        return Spine(tuple(bodies))

    @staticmethod
    def moved(spine, function, anterior=Side.RIGHT):
        """The spine with every point's (x, y) passed through a function."""
        bodies = []
        for v in spine:
            points = {n: Landmark(*function(p.x, p.y), p.sigma_px) for n, p in v.points.items()}
            bodies.append(Vertebra(v.level, points, reader=v.reader))
        return Spine(tuple(bodies), anterior)


@pytest.fixture(scope="session")
def build():
    return Build
