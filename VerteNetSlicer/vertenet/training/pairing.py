"""Which image of one result set is which of the other: by name, never by guess."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from .annotated import stem

Pair = tuple[str, str | None]


def pair_images(
    predictions: Collection[str], truth: Collection[str]
) -> tuple[list[Pair], list[str]]:
    """Each image of the truth with its prediction, and the names that fit several.

    Equal names belong together.  Otherwise the files' names without ending must be equal,
    and of several such the one with the most folders in common is taken; where two have as
    many, or one prediction would serve two images, the image is left out.

    Args:
        predictions: names, which may be paths.
        truth: the same.
    """
    exact = {name for name in truth if name in predictions}
    by_stem: dict[str, list[str]] = {}
    for name in predictions:
        if name not in exact:
            by_stem.setdefault(stem(name), []).append(name)
    chosen: dict[str, str] = {name: name for name in exact}
    doubtful = []
    for name in truth:
        candidates = [] if name in exact else by_stem.get(stem(name), [])
        best = nearest(name, candidates)
        if len(best) == 1:
            chosen[name] = best[0]
        elif best:
            doubtful.append(name)
    used = Counter(chosen.values())
    twice = [name for name in truth if used[chosen.get(name, "")] > 1]
    for name in twice:
        del chosen[name]
    left_out = {*doubtful, *twice}
    pairs: list[Pair] = [(name, chosen.get(name)) for name in truth if name not in left_out]
    return pairs, [*doubtful, *twice]


def nearest(name: str, candidates: list[str]) -> list[str]:
    """Those with the most folders in common, counted from the file upwards."""
    if len(candidates) < 2:
        return candidates
    common = [_in_common(name, other) for other in candidates]
    return [c for c, n in zip(candidates, common, strict=True) if n == max(common)]


def _in_common(one: str, other: str) -> int:
    count = 0
    for a, b in zip(reversed(_folders(one)), reversed(_folders(other)), strict=False):
        if a != b:
            break
        count += 1
    return count


def _folders(name: str) -> list[str]:
    return name.replace("\\", "/").split("/")[:-1]
