"""All that an evaluation says, gathered in one pass over its images."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from .evaluation import Case
from .evaluation_agreement import ImagePairs
from .evaluation_columns import Columns, Row
from .evaluation_heights import HeightErrors, HeightRows
from .evaluation_kappa import Counts, Kappa
from .evaluation_sigma import Pulls, SigmaCheck


@dataclass
class Gathered:
    """What the tables and plots are made of; grows by a few hundred bytes with each image.

    Attributes:
        columns: the errors of each point.
        height_rows: the heights of each vertebra.
        image_pairs: angles and totals of each image.
        counts: what is classified.
        pulls: errors over sigma.
        images: names, as the truth has them.
        notes: sentences on what was left out.
    """

    columns: Columns = field(default_factory=Columns)
    height_rows: HeightRows = field(default_factory=HeightRows)
    image_pairs: ImagePairs = field(default_factory=ImagePairs)
    counts: Counts = field(default_factory=Counts)
    pulls: Pulls = field(default_factory=Pulls)
    images: list[str] = field(default_factory=list)
    notes: tuple[str, ...] = ()

    def add(self, case: Case) -> None:
        """Take in one image."""
        self.images.append(case.truth.image)
        for part in (self.columns, self.height_rows, self.image_pairs, self.counts, self.pulls):
            part.add(case)

    @cached_property
    def rows(self) -> list[Row]:
        """The figures by group."""
        return self.columns.table()

    @cached_property
    def agreement(self) -> list[HeightErrors]:
        """Bland-Altman of heights and ratios, then of what an image has once."""
        return [*self.heights, *self.of_images]

    @cached_property
    def heights(self) -> list[HeightErrors]:
        """Bland-Altman of heights and ratios."""
        return self.height_rows.errors()

    @cached_property
    def of_images(self) -> list[HeightErrors]:
        """Bland-Altman of angles and totals."""
        return self.image_pairs.agreement()

    @cached_property
    def kappas(self) -> list[Kappa]:
        """Agreement in classes."""
        return self.counts.kappas()

    @cached_property
    def sigma(self) -> SigmaCheck | None:
        """Whether sigma means what it says."""
        return self.pulls.check()
