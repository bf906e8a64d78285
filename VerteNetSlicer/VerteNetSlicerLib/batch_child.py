"""The batch's own process: reads a folder into tables, a line of JSON for each step.

Run by Slicer's Python, which has none of the packages of ``vertenet batch``'s command
line; what it writes is the same, so either goes on where the other stopped.  Neither
slicer nor qt is imported.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from vertenet.errors import VerteNetError

FAILED, INTERRUPTED = 1, 130


def main(arguments: list[str]) -> int:
    """Read ``arguments``: one JSON object with inputs, output, workers, anterior, overlays.

    Returns:
        0, 1 where nothing could be read at all, 130 where it was interrupted.
    """
    wanted = json.loads(arguments[0])
    try:
        _tell(_read(wanted))
        return 0
    except VerteNetError as error:
        _tell({"error": str(error)})
        return FAILED
    except KeyboardInterrupt:
        _tell({"cancelled": True})
        return INTERRUPTED
    # The process's edge: whoever started it has no other way to hear of a defect.
    except Exception as error:
        what = f"Unexpected error ({type(error).__name__}: {error}). Please report it."
        _tell({"error": what})
        return FAILED


def _read(wanted: dict[str, Any]) -> dict[str, Any]:
    from vertenet.batch.command import read_with
    from vertenet.batch.summary import write_summary

    output = Path(wanted["output"])
    options = {
        "spacing": None,
        "model": None,
        "anterior": wanted["anterior"],
        "overlays": wanted["overlays"],
        "workers": wanted["workers"],
        "scheduler": None,
        "timeout": 120.0,
        "retry_failed": False,
    }
    counts = read_with(
        wanted["inputs"],
        output,
        options,
        tell=lambda line: None,
        usable=_model_identity,
        progress=lambda meter: _tell(
            {
                "done": meter.done,
                "total": meter.total,
                "failed": meter.failed,
                "passed_over": meter.passed_over,
                "line": meter.line(),
            }
        ),
    )
    page = write_summary(output)
    return {
        "images": counts.images,
        "vertebrae": counts.vertebrae,
        "passed_over": counts.passed_over,
        "failed": counts.failed,
        "page": page.name,
    }


def _model_identity(_model: Path | None) -> dict[str, str]:
    from vertenet.network.bundle import BUNDLED, read_model_info
    from vertenet.resources import resource_path

    found = read_model_info(resource_path(BUNDLED))
    return {"name": found.name, "version": found.version, "sha256": found.sha256}


def _tell(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
