"""An evaluation as tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import MissingDependencyError
from .evaluation_columns import Row
from .evaluation_gather import Gathered
from .evaluation_heights import HUMAN_PRECISION
from .evaluation_kappa import Kappa

if TYPE_CHECKING:
    from rich.console import RenderableType

_COLUMNS = (
    ("vertebrae", "n", "{:.0f}", 1),
    ("found", "found %", "{:.1f}", 100),
    ("false_per_image", "false / image", "{:.2f}", 1),
    ("unjudged_per_image", "not judged", "{:.2f}", 1),
    ("level_right", "level right %", "{:.1f}", 100),
    ("images_levels_right", "images right %", "{:.1f}", 100),
    ("median_share", "median %", "{:.2f}", 100),
    ("mean_share", "mean %", "{:.2f}", 100),
    ("p90_share", "90 %", "{:.2f}", 100),
    ("p95_share", "95 %", "{:.2f}", 100),
    ("bias_along", "bias along %", "{:+.2f}", 100),
    ("bias_down", "bias down %", "{:+.2f}", 100),
    ("median_paper_px", "median px", "{:.2f}", 1),
    ("mean_paper_px", "mean px", "{:.2f}", 1),
    ("median_native_px", "median native", "{:.2f}", 1),
    ("median_mm", "median mm", "{:.2f}", 1),
)


def tables(found: Gathered) -> list[RenderableType]:
    """What ``vertenet evaluate`` prints: figures, differences, kappa, sigma and notes.

    Raises:
        MissingDependencyError: if rich is not installed.
    """
    try:
        from rich.text import Text
    except ImportError:
        raise MissingDependencyError(
            "Expected the package 'rich' for the tables, but it is not installed. "
            "Install it with: pip install rich"
        ) from None
    parts: list[RenderableType] = [_figures(found.rows), _heights(found)]
    if found.kappas:
        parts.append(_kappas(found.kappas))
    check = found.sigma
    if check is not None:
        parts.append(
            Text(
                f"sigma: {check.within_1:.1%} of {check.count} signed errors within one (68.3 % "
                f"wanted), {check.within_2:.1%} within two (95.4 %); factor {check.factor:.2f}"
            )
        )
    return parts + [Text(note) for note in found.notes]


def _figures(rows: list[Row]) -> RenderableType:
    from rich.table import Table

    out = Table(title="Errors of corners in % of the vertebra's height; px at 512 x 1024")
    out.add_column("group")
    out.add_column("", justify="left")
    shown = [c for c in _COLUMNS if any(row.figures[c[0]] is not None for row in rows)]
    for _, heading, _, _ in shown:
        out.add_column(heading, justify="right")
    last = ""
    for row in rows:
        if last and row.group != last:
            out.add_section()
        cells = [_cell(row.figures[name], form, times) for name, _, form, times in shown]
        out.add_row(row.group if row.group != last else "", row.value, *cells)
        last = row.group
    return out


def _cell(value: float | None, form: str, times: float) -> str:
    return "" if value is None else form.format(value * times)


def _heights(found: Gathered) -> RenderableType:
    from rich.table import Table

    human = "; ".join(f"{what} {value}" for what, value, _ in HUMAN_PRECISION)
    out = Table(title="Bland-Altman: predicted minus true", caption=f"Human readers: {human}.")
    for heading in ("", "unit", "n", "bias", "SD", "limits of agreement", "rms CV %"):
        out.add_column(heading, justify="right")
    for item in found.agreement:
        digits = 2 if item.unit else 3
        out.add_row(
            item.name,
            item.unit,
            str(item.count),
            f"{item.bias:+.{digits}f}",
            f"{item.sd:.{digits}f}",
            f"{item.low:+.{digits}f} ... {item.high:+.{digits}f}",
            "" if item.rms_cv is None else f"{100 * item.rms_cv:.2f}",
        )
    return out


def _kappas(found: list[Kappa]) -> RenderableType:
    from rich.table import Table

    out = Table(title="Agreement in classes; counts: rows true, columns predicted")
    for heading in ("", "of", "n", "kappa", "95 %", "weights", "same %", "by one only", "counts"):
        out.add_column(heading, justify="left" if heading in ("", "of", "counts") else "right")
    for item in found:
        kappa = "all alike" if item.value is None else f"{item.value:.3f}"
        span = (
            "" if item.low is None or item.high is None else f"{item.low:.3f} ... {item.high:.3f}"
        )
        counts = " / ".join(" ".join(str(n) for n in row) for row in item.table)
        out.add_row(
            item.name, item.unit, str(item.count), kappa, span, item.weights,
            f"{100 * item.same:.1f}", str(item.only_one), counts,
        )  # fmt: skip
    return out
