"""The tables of a cohort out of its shards: CSV, and Parquet where pyarrow is installed.

Rows stand in the order of the files' paths, so the bytes are the same whatever the number
of workers and however often the run was cut off.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from ..report.atomic import output_errors
from ..report.tables import Cell
from ..texts import csv_lines
from .inventory import Inventory
from .names import printable
from .reading import IMAGES, VERTEBRAE
from .shards import ShardReader

FAILURES = ("image", "status", "reason")
TABLES: Mapping[str, tuple[str, ...]] = {
    "images": IMAGES,
    "vertebrae": VERTEBRAE,
    "failures": FAILURES,
}
_TEXT = {
    *("image", "levels", "fractured", "deformity_index_at_least", "aac_crop", "implausible"),
    *("sex", "sex_source", "age_source", "spacing_source", "anterior"),
    *("model", "model_version", "model_sha256", "findings"),
    *("attention_reasons", "overlay", "status", "reason", "level", "unit", "genant_type"),
    *("reader_reason", "withheld", "reader_evaluable"),
}
_WHOLE = {
    *("vertebrae", "worst_grade", "fractures", "deformity_index", "warnings", "width", "height"),
    *("aac24", "not_graded", "genant_grade", "reader_grade", "final_grade"),
}
_ROW_GROUP = 5_000


class Counts(NamedTuple):
    """What became of the files."""

    images: int
    vertebrae: int
    passed_over: int
    failed: int


def kind_of(table: str, column: str) -> str:
    """``text``, ``whole`` or ``real``: the type of a column in Parquet."""
    if column == "evaluable":
        return "whole" if table == "images" else "text"
    if column in _TEXT or column.endswith(("_status", "_at_least")):
        return "text"
    return "whole" if column in _WHOLE else "real"


def write_tables(inventory: Inventory, shards: Path, output: Path, work: Path) -> Counts:
    """Write ``images``, ``vertebrae`` and ``failures`` as ``.csv`` and ``.parquet``.

    Args:
        inventory: every file, with the place of its record.
        shards: folder of the shards.
        output: where to.
        work: folder on the same file system for files that are not whole yet.

    Raises:
        OutputError: if something cannot be written.
    """
    counts = dict.fromkeys(("read", "passed over", "failed"), 0)
    vertebrae = 0
    with output_errors(output), ExitStack() as stack:
        tables = {t: stack.enter_context(_Table(t, c, work)) for t, c in TABLES.items()}
        for status, rows in _rows(inventory, stack.enter_context(ShardReader(shards))):
            counts[status] += 1
            vertebrae += len(rows.get("vertebrae", ()))
            for table, found in rows.items():
                tables[table].write(found)
        for each in tables.values():
            each.publish(output)
    return Counts(counts["read"], vertebrae, counts["passed over"], counts["failed"])


def _rows(
    inventory: Inventory, reader: ShardReader
) -> Iterator[tuple[str, dict[str, list[list[Cell]]]]]:
    for entry in inventory.entries():
        name = printable(entry.name)
        record: dict[str, Any] = {"status": entry.status, "reason": entry.reason}
        if entry.shard is not None and entry.start is not None:
            record = reader.read(entry.shard, entry.start)
        if record["status"] == "read":
            yield (
                "read",
                {
                    "images": [[name, *record["image"][1:]]],
                    "vertebrae": [[name, *row[1:]] for row in record["vertebrae"]],
                },
            )
        else:
            yield record["status"], {"failures": [[name, record["status"], record["reason"]]]}


class _Table:
    """One table under way, in both formats."""

    def __init__(self, name: str, columns: Sequence[str], work: Path) -> None:
        self._files = {s: work / f"{name}.{s}" for s in ("csv", "parquet")}
        self._columns = columns
        self._stream = self._files["csv"].open("w", encoding="utf-8", newline="")
        self._stream.writelines(csv_lines([columns]))
        self._waiting: list[list[Cell]] = []
        self._parquet, self._schema = _parquet_writer(name, columns, self._files["parquet"])

    def __enter__(self) -> _Table:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        if self._parquet is not None:
            self._parquet.close()
        for path in self._files.values():
            path.unlink(missing_ok=True)

    def write(self, rows: Sequence[list[Cell]]) -> None:
        self._stream.writelines(csv_lines(rows))
        if self._parquet is not None:
            for row in rows:
                self._waiting.append(row)
                if len(self._waiting) == _ROW_GROUP:
                    self._write_group()

    def publish(self, output: Path) -> None:
        """Put the whole files into place; a Parquet file of an earlier run never stays alone."""
        self._stream.close()
        if self._parquet is not None:
            self._write_group()
            self._parquet.close()
        for suffix, path in self._files.items():
            target = output / f"{path.stem}.{suffix}"
            if path.exists():
                os.replace(path, target)
            else:
                target.unlink(missing_ok=True)

    def _write_group(self) -> None:
        import pyarrow as pa

        columns = [
            pa.array([row[i] for row in self._waiting], field.type, from_pandas=False)
            for i, field in enumerate(self._schema)
        ]
        table = pa.Table.from_arrays(columns, schema=self._schema)
        self._parquet.write_table(table, row_group_size=_ROW_GROUP)
        self._waiting = []


def _parquet_writer(name: str, columns: Sequence[str], path: Path) -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        return None, None
    types = {"text": pa.string(), "whole": pa.int64(), "real": pa.float64()}
    schema = pa.schema([(c, types[kind_of(name, c)]) for c in columns])
    return parquet.ParquetWriter(path, schema), schema
