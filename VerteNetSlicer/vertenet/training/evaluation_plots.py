"""Pictures of an evaluation, by matplotlib without a display."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .annotated import LABELLED, ROWS
from .evaluation_gather import Gathered
from .evaluation_heights import PAIRS
from .writing import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
_BODY = np.array([[0, 0], [70, 2], [140, 0], [140, 100], [70, 98], [0, 100]], dtype=np.float64)
"""A drawn body, % of its height: where errors of the six points are shown."""
_SHOWN = 20_000
"""Points or steps that are drawn of each thing."""


def write_plots(found: Gathered, output: Path) -> list[Path]:
    """Draw ``errors.png``, ``levels.png``, ``bias.png``, ``heights.png`` and so on.

    Returns:
        The files; ``angles.png`` and ``sigma.png`` only where there is something in them.
    """
    drawings: dict[str, tuple[tuple[float, float], Callable[[Any, Gathered], None]]] = {
        "errors.png": ((6, 4), _draw_errors),
        "levels.png": ((8, 4), _draw_levels),
        "bias.png": ((6.5, 5), _draw_bias),
        "heights.png": ((12, 4), _draw_heights),
    }
    if found.image_pairs.differences():
        drawings["angles.png"] = ((12, 4), _draw_angles)
    if found.sigma is not None:
        drawings["sigma.png"] = ((4.5, 4.5), _draw_sigma)
    return [_save(output / name, size, draw, found) for name, (size, draw) in drawings.items()]


def _save(
    path: Path,
    size: tuple[float, float],
    draw: Callable[[Any, Gathered], None],
    found: Gathered,
) -> Path:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    draw(figure, found)
    write_whole(path, lambda file: canvas.print_png(file))
    return path


def _some(values: Array) -> Array:
    """At most :data:`_SHOWN` rows, evenly taken: more are not seen, but drawn for minutes."""
    step = max(1, -(-len(values) // _SHOWN))
    return values[::step]


def _draw_errors(figure: Any, found: Gathered) -> None:
    axes: Axes = figure.subplots()
    columns = found.columns
    groups = [("all", columns.shares())]
    groups += [(look, columns.shares(of)) for look, of in columns.looks()]
    for name, shares in groups:
        values = np.sort(shares)
        if len(values):
            axes.step(
                _some(values),
                _some(100 * np.arange(1, len(values) + 1) / len(values)),
                label=f"{name} ({len(values)}), median {np.median(values):.1f} %",
            )
    axes.set(
        xlabel="error of a corner, % of the vertebra's height",
        ylabel="% of corners",
        xlim=(0, 25),
        ylim=(0, 100),
    )
    axes.grid(alpha=0.3)
    if groups and axes.lines:
        axes.legend(loc="lower right")


def _draw_levels(figure: Any, found: Gathered) -> None:
    axes: Axes = figure.subplots()
    columns = found.columns
    listed = {level: columns.shares(columns.of_level(level)) for level in LABELLED}
    listed = {level: values for level, values in listed.items() if len(values)}
    if listed:
        axes.boxplot(list(listed.values()), whis=(5, 95), showfliers=False)
        axes.set_xticks(
            range(1, len(listed) + 1), [f"{level}\n{len(v) // 4}" for level, v in listed.items()]
        )
    axes.set(
        xlabel="level, and how many were found",
        ylabel="error of the corners, %\n(median, quartiles, 5 to 95)",
    )
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3, axis="y")


def _draw_bias(figure: Any, found: Gathered) -> None:
    axes: Axes = figure.subplots()
    closed = _BODY[[0, 1, 2, 3, 4, 5, 0]]
    axes.plot(closed[:, 0], closed[:, 1], color="0.7", zorder=0)
    along, down = found.columns.bias()
    for name, i in ROWS.items():
        errors = 100 * np.stack([along[:, i], down[:, i]], axis=1)
        errors = errors[np.isfinite(errors).all(axis=1)]
        if not len(errors):
            continue
        at, bias = _BODY[i] + _some(errors), errors.mean(axis=0)
        axes.scatter(at[:, 0], at[:, 1], s=4, alpha=0.35, color="tab:blue", linewidths=0)
        axes.annotate(
            "",
            _BODY[i] + bias,
            _BODY[i],
            arrowprops={"arrowstyle": "->", "color": "tab:red", "lw": 1.5},
        )
        axes.annotate(
            f"{name} {bias[0]:+.1f}, {bias[1]:+.1f}",
            _BODY[i],
            xytext=(0, 22),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    axes.set(
        xlabel="along: posterior to anterior, % of the height",
        ylabel="down: superior to inferior",
        aspect="equal",
        xlim=(-40, 180),
        ylim=(140, -40),
        title="Errors of each point; arrow: bias (along, down)",
    )


def _draw_heights(figure: Any, found: Gathered) -> None:
    pairs = dict(found.height_rows.pairs())
    for axes, name in zip(figure.subplots(1, 3, sharey=True), PAIRS):
        rows = pairs[name]
        axes.set(
            title=name,
            xlabel="mean of both, mm" if len(rows) and rows[:, 2].all() else "mean of both, px",
            ylim=(-25, 25),
        )
        axes.axhline(0, color="0.7", lw=0.8)
        if not len(rows):
            continue
        difference = 100 * (rows[:, 0] - rows[:, 1]) / rows[:, 1]
        _bland_altman(axes, rows[:, :2].mean(axis=1), difference, "%")
    figure.axes[0].set_ylabel("predicted - true, % of the true height")


def _draw_angles(figure: Any, found: Gathered) -> None:
    """Angles and the aorta's total, each on its own scale."""
    differences = found.image_pairs.differences()
    for axes, (name, (unit, rows)) in zip(
        figure.subplots(1, len(differences), squeeze=False)[0], differences.items()
    ):
        axes.set(title=name, xlabel=f"mean of both, {unit}", ylabel=f"predicted - true, {unit}")
        axes.axhline(0, color="0.7", lw=0.8)
        _bland_altman(axes, rows.mean(axis=1), rows[:, 0] - rows[:, 1], unit)


def _bland_altman(axes: Axes, mean: Array, difference: Array, unit: str) -> None:
    """Differences against means, with bias and limits of agreement."""
    axes.scatter(_some(mean), _some(difference), s=8, alpha=0.5)
    bias, sd = difference.mean(), difference.std(ddof=min(1, len(difference) - 1))
    for value, style in ((bias, "-"), (bias - 1.96 * sd, "--"), (bias + 1.96 * sd, "--")):
        axes.axhline(value, color="tab:red", ls=style, lw=1)
    axes.text(
        0.03,
        0.97,
        f"bias {bias:+.1f} {unit}\nSD {sd:.1f} {unit}",
        transform=axes.transAxes,
        va="top",
        bbox={"color": "white", "alpha": 0.8},
    )


def _draw_sigma(figure: Any, found: Gathered) -> None:
    axes: Axes = figure.subplots()
    check = found.sigma
    axes.plot([0, 100], [0, 100], color="0.7")
    if check is not None:
        axes.plot(100 * check.nominal, 100 * check.observed, marker="o", ms=3)
        axes.text(
            4,
            92,
            f"within 1 sigma {check.within_1:.1%}\nwithin 2 sigma {check.within_2:.1%}",
            va="top",
        )
    axes.set(
        xlabel="interval of a normal distribution, %",
        ylabel="errors within it, %",
        xlim=(0, 100),
        ylim=(0, 100),
        aspect="equal",
    )
    axes.grid(alpha=0.3)
