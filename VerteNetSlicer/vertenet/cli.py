"""The command ``vertenet``: arguments, messages and exit codes; everything else is elsewhere.

Exit codes: 0 done, 1 a file or the whole failed, 2 wrong arguments, 130 interrupted.
Only click is imported at file scope, so that ``--help`` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import __version__
from .errors import ConfigurationError, MissingDependencyError, VerteNetError

if TYPE_CHECKING:
    from .analysis import Analysis
    from .batch import Outcome, Progress
    from .images import DxaImage
    from .measure import NormTable
    from .report import LandmarkSet
    from .report.exchange import Exchange

FAILED, INTERRUPTED = 1, 130
#: As vertenet.measure has them, which would load numpy before --help answers.
RULES = ("default", "plain", "eastell-melton", "mccloskey-kanis")


class _NamedPath(click.Path):
    """A path that has a name: an empty one, as of an unset variable, would be this folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("expected the name of a file or folder, got nothing. Name it.", param, ctx)
        return super().convert(value, param, ctx)


_PATH = _NamedPath(path_type=Path)
_SPACING = click.option(
    "--spacing", metavar="ROW,COL", help="Pixel spacing in mm, in place of what the file says."
)
_OUTPUT = click.option(
    "--output", "-o", type=_PATH, required=True, help="Folder for the results; made if absent."
)
_DICOM = click.option(
    "--dicom", is_flag=True, help="Write sr.dcm and sc.dcm for a PACS; the image must be DICOM."
)
_IDENTITY = click.option(
    "--with-identity", "identity", is_flag=True,
    help="Name the patient in report.json; without it only DICOM files do.",
)  # fmt: skip
_SEX = click.option(
    "--sex", type=click.Choice(["F", "M", "U"], case_sensitive=False),
    help="Whose norms apply, in place of what the file says; U: not known.",
)  # fmt: skip
_AGE = click.option(
    "--age", type=click.FloatRange(0, 130), help="Years, for the percentile of AAC-24."
)
_MODEL = click.option("--model", type=_PATH, help="Model folder; the bundled one by default.")


class _Commands(click.Group):
    """Keeps the commands in the order in which they are defined."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vertenet", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
def commands(debug: bool) -> None:
    """Vertebral landmarks, fracture grades and AAC regions on lateral-spine DXA.

    Research use only.
    """
    if debug:
        os.environ["VERTENET_DEBUG"] = "1"


@commands.command()
@click.argument("images", nargs=-1, required=True, type=_PATH, metavar="IMAGE...")
@_OUTPUT
@_MODEL
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto")
@_SPACING
@click.option("--anterior", type=click.Choice(["auto", "left", "right"]), default="auto",
              help="Side of the image that the patient faces.")  # fmt: skip
@_SEX
@_AGE
@_DICOM
@_IDENTITY
def detect(
    images: tuple[Path, ...],
    output: Path,
    model: Path | None,
    device: str,
    spacing: str | None,
    anterior: str,
    sex: str | None,
    age: float | None,
    dicom: bool,
    identity: bool,
) -> None:
    """Find and measure the vertebrae in images or in folders of images.

    Each image gets a folder OUTPUT/NAME with report.json, landmarks.mrk.json,
    image.nrrd, vertebrae.csv, aac.csv and overlay.png, with --dicom also sr.dcm and
    sc.dcm.  Files that fail are listed in OUTPUT/failures.csv.
    """
    from . import batch
    from .anatomy import Side

    spacing_mm = batch.check_spacing(spacing)
    side = None if anterior == "auto" else Side(anterior)
    files = batch.find_images(images)
    _make_folder(output)
    from .detection import load_detector
    from .memory import keep_memory

    keep_memory()
    detector = load_detector(model, device)
    with _progress(len(files)) as tell:
        outcomes = batch.detect_many(
            files, output, detector, spacing_mm=spacing_mm, anterior=side, sex=sex,
            age_years=age, dicom=dicom, identity=identity, progress=tell,
        )  # fmt: skip
        _finish(outcomes, output, many=len(files) > 1)


@commands.command()
@click.argument("landmarks", type=_PATH)
@click.option("--image", type=_PATH, help="The image on which the points lie, or a folder of them.")
@_OUTPUT
@_SPACING
@click.option("--rule", type=click.Choice(RULES), default=RULES[0], show_default=True,
              help="How vertebrae are graded, see docs/grading.md.")  # fmt: skip
@click.option("--rules", is_flag=True, help="Write rules.csv: the grades by all rules as well.")
@click.option("--norms", type=_PATH, help="Your own table of norms, as data/norms.csv is one.")
@_SEX
@_AGE
@_DICOM
@_IDENTITY
def measure(
    landmarks: Path,
    image: Path | None,
    output: Path,
    spacing: str | None,
    rule: str,
    rules: bool,
    norms: Path | None,
    sex: str | None,
    age: float | None,
    dicom: bool,
    identity: bool,
) -> None:
    """Measure given points: landmarks.mrk.json, report.json, sr.dcm or a CSV.

    A CSV has the columns image,level,point,x,y and, where known, sex, age, sigma_px and
    wall scores of the aorta (aac_L1_anterior ..., see docs/measures.md);
    with several images OUTPUT/images.csv and vertebrae.csv hold them all and each gets
    a folder.
    An image.nrrd beside the markups is taken for their image; --dicom needs the
    DICOM file itself as --image.
    """
    from . import batch
    from .images import read_image
    from .report import read_landmarks, write_folder
    from .report.exchange import exchange_with

    spacing_mm, table = batch.check_spacing(spacing), _norms(norms)
    sets = tuple(batch.of_person(s, sex, age) for s in read_landmarks(landmarks))
    find = _image_finder(image, landmarks, alone=len(sets) == 1)

    def pixels_of(item: LandmarkSet) -> DxaImage | None:
        path = find(item)
        return None if path is None else batch.of_person(read_image(path), sex, age)

    def exchange_of(item: LandmarkSet) -> Exchange | None:
        return exchange_with(find(item), dicom=dicom, identity=identity)

    _make_folder(output)
    if len(sets) == 1:
        exchange, pixels = exchange_of(sets[0]), pixels_of(sets[0])
        analysis = batch.measure_set(sets[0], pixels, spacing_mm=spacing_mm, rule=rule, norms=table)
        write_folder(analysis, output, image=pixels, exchange=exchange)
        if rules:
            _write_rules([analysis], output, table)
        click.echo(f"{output}: {_summary(analysis)}")
        return
    with _progress(len(sets)) as tell:
        outcomes = batch.measure_many(
            sets, output, images=pixels_of, exchanges=exchange_of, spacing_mm=spacing_mm,
            rule=rule, norms=table, progress=tell,
        )  # fmt: skip
        analyses: list[Analysis] = []
        try:
            _finish(_kept(outcomes, analyses if rules else None), output, many=True)
        finally:
            if rules:
                _write_rules(analyses, output, table)


def _kept(outcomes: Iterable[Outcome], analyses: list[Analysis] | None) -> Iterator[Outcome]:
    for outcome in outcomes:
        if analyses is not None and outcome.analysis is not None:
            analyses.append(outcome.analysis)
        yield outcome


def _norms(path: Path | None) -> NormTable | None:
    from .measure import parse_norms

    if path is None:
        return None
    try:
        return parse_norms(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(
            f"Expected a table of norms as CSV text, but '{path}' cannot be read "
            f"({type(error).__name__}). Check the path."
        ) from None


def _write_rules(analyses: list[Analysis], output: Path, norms: NormTable | None) -> None:
    from .pipeline import by_rules
    from .report import write_text
    from .report.tables import rules_csv

    graded = ((analysis, by_rules(analysis, norms=norms)) for analysis in analyses)
    write_text(output / "rules.csv", rules_csv(graded))


@commands.command()
@click.argument("before", type=_PATH)
@click.argument("after", type=_PATH)
@click.option("--output", "-o", type=_PATH, help="CSV file; by default the table is only shown.")
@_SPACING
def followup(before: Path, after: Path, output: Path | None, spacing: str | None) -> None:
    """Compare two examinations of one person: each height's change, new fractures.

    BEFORE and AFTER are any files that 'vertenet measure' reads, of one image each.  A
    height that lost 20 % and 4 mm is an incident fracture; without millimetres a rise of
    the grade is.
    """
    from . import batch
    from .measure import compare
    from .report import read_landmarks, write_text
    from .report.tables import followup_csv

    pair, spacing_mm = [], batch.check_spacing(spacing)
    for path in (before, after):
        sets = read_landmarks(path)
        if len(sets) != 1:
            raise ConfigurationError(
                f"Expected the points of one image, but '{path}' holds {len(sets)}. "
                "Give the file of one examination."
            )
        pair.append(batch.measure_set(sets[0], spacing_mm=spacing_mm))
    found = compare(pair[0].vertebrae, pair[1].vertebrae)
    for change in found.changes:
        said = {True: "incident fracture", False: "no", None: "cannot be told"}[change.incident]
        click.echo(f"{change.level.value:4s} {said}: {change.reason}")
    names = ", ".join(level.value for level in found.incident) or "none"
    click.echo(f"Incident fractures: {names}; {len(found.changes)} levels compared")
    if output is not None:
        write_text(output, followup_csv(found))
        click.echo(str(output))


@commands.command()
@click.argument("places", nargs=-1, type=_PATH, metavar="[FILE or FOLDER]...")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any that is free.")
@click.option("--host", default="127.0.0.1", show_default=True,
              help="Address to listen on; other machines need the token.")  # fmt: skip
@click.option("--token", help="What a browser must show; made where other machines can connect.")
@click.option("--output", "-o", type=_PATH, help="Folder for exports, beside the download.")
@_MODEL
@click.option("--sessions", type=click.IntRange(1, 64), default=4, show_default=True,
              help="Readers at the same time, each with a process of about 0.7 GB.")  # fmt: skip
@click.option("--drafts", type=_PATH, help="Folder where edits are kept; the user's by default.")
@click.option("--browser/--no-browser", default=None, help="Open the page here.")
def view(places: tuple[Path, ...], browser: bool | None, **options: Any) -> None:
    """Read images in a browser: detect, correct, grade, score, export.

    Needs the packages of 'vertenet[view]'.  Nothing is sent anywhere; edits are kept as
    they are made, and offered when the image is opened again.
    """
    try:
        from vertenet_web.command import view as show
    except ImportError:
        raise MissingDependencyError(
            "Expected the packages of the browser viewer, but they are not installed. "
            "Install them with: pip install 'vertenet[view]'"
        ) from None
    screen = sys.platform != "linux" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    show(places, browser=screen if browser is None else browser, tell=click.echo, **options)


@commands.command()
@_MODEL
def info(model: Path | None) -> None:
    """Tell which model is used, and show its card."""
    from .network.bundle import BUNDLED, read_model_info
    from .resources import resource_path

    found = read_model_info(resource_path(BUNDLED) if model is None else model)
    weights = found.directory / found.weights
    size = f"{weights.stat().st_size / 1e6:.1f} MB" if weights.is_file() else "missing"
    rows = {
        "program": f"vertenet {__version__}",
        "model": f"{found.name} {found.version}",
        "architecture": found.architecture,
        "levels": " ".join(found.levels),
        "weights": f"{weights} ({size})",
        "sha256": found.sha256,
    }
    for key, value in rows.items():
        click.echo(f"{key:13s} {value}")
    click.echo(f"\n{found.card_text().strip()}")


@commands.command("batch")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@_OUTPUT
@_MODEL
@click.option("--workers", type=click.IntRange(1, 1024), help="Processes; one a core by default.")
@click.option("--scheduler", metavar="tcp://HOST:PORT", help="Use this Dask cluster instead.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), default=120.0,
              show_default=True, help="Seconds for a file.")  # fmt: skip
@click.option("--overlays", type=click.Choice(["none", "flagged", "all"]), default="none",
              show_default=True, help="Pictures of which images.")  # fmt: skip
@_SPACING
@click.option("--anterior", type=click.Choice(["auto", "left", "right"]), default="auto",
              help="Side of the image that the patient faces.")  # fmt: skip
@click.option("--retry-failed", is_flag=True, help="Read again what failed in an earlier run.")
def cohort(inputs: tuple[str, ...], output: Path, **options: Any) -> None:
    """Read a cohort into tables; run again after any interruption to go on.

    INPUT is a folder, a file, a DICOMDIR, @LIST with a path a line, or a pattern in
    quotes.  What is not a lateral DXA scan is passed over and listed.  Writes
    OUTPUT/images, vertebrae and failures as .csv and .parquet.
    """
    from .batch.command import read_with

    counts = read_with(inputs, output, options, tell=_teller(), usable=_model_identity)
    click.echo(
        f"{output}: {counts.images} images with {counts.vertebrae} vertebrae, "
        f"{counts.passed_over} files passed over, {counts.failed} failed"
    )
    if counts.failed:
        raise click.exceptions.Exit(FAILED)


@commands.command()
@click.argument("folder", type=_PATH, metavar="DIR")
@click.option("--output", "-o", type=_PATH, help="HTML file; by default summary.html in DIR.")
def summary(folder: Path, output: Path | None) -> None:
    """Make one HTML page about a cohort that 'vertenet batch' read."""
    from .batch.summary import write_summary

    click.echo(str(write_summary(folder, output)))


@commands.command()
@click.argument("report", type=_PATH, metavar="REPORT")
@click.option("--output", "-o", type=_PATH,
              help="File to write; by default report.html, or report.pdf, beside it.")  # fmt: skip
@click.option("--pdf", is_flag=True, help="Make a PDF of the page; needs the package weasyprint.")
def report(report: Path, output: Path | None, pdf: bool) -> None:
    """Make a printable HTML page, or a PDF of it, of a report.json or of its folder."""
    if pdf:
        from .report.pdf import pdf_from_report

        click.echo(str(pdf_from_report(report, output)))
        return
    from .report.html import page_from_report

    click.echo(str(page_from_report(report, output)))


@commands.command()
@click.option("--count", type=click.IntRange(1, 1_000_000), default=10, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--format", "kind", type=click.Choice(["png", "dicom"]), default="png")
@_OUTPUT
def synth(count: int, seed: int, kind: str, output: Path) -> None:
    """Write synthetic scans with their true points in OUTPUT/points.csv."""
    from .synthesis.export import write_scans

    _make_folder(output)
    with _progress(count) as tell:
        write_scans(output, count=count, seed=seed, kind=kind, progress=tell)
    click.echo(f"{output}: {count} scans with points.csv")


@commands.command()
@click.option("--config", type=_PATH, help="JSON file of training settings; defaults otherwise.")
@_OUTPUT
@click.option("--resume", is_flag=True, help="Go on from the state in OUTPUT.")
@click.option("--seed", type=click.IntRange(0), help="Replaces the configuration's seed.")
@click.option("--images", type=_PATH, help="Folder of your own images to learn from as well.")
@click.option("--points", type=_PATH, help="Their points: a file or folder, see docs/own_data.md.")
@click.option("--start", metavar="bundled|FOLDER", help="Go on from this model.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="How long to train.")
def train(config: Path | None, output: Path, resume: bool, **instead: Any) -> None:
    """Train a model on synthetic scans, and on your own images, and write it with its card."""
    from .training.config import TrainingConfig
    from .training.run import run

    given = {k: str(v) if isinstance(v, Path) else v for k, v in instead.items() if v is not None}
    settings = (
        TrainingConfig.from_dict(given) if config is None else TrainingConfig.read(config, **given)
    )
    _make_folder(output)
    made = run(settings, output, resume=resume, report=lambda line: click.echo(line, err=True))
    click.echo(f"{made.directory}: {made.name} {made.version}")


@commands.command()
@click.argument("predictions", type=_PATH)
@click.argument("truth", type=_PATH)
@_OUTPUT
@click.option("--images", type=_PATH, help="Folder of the images, for their size and spacing.")
@click.option("--no-plots", is_flag=True, help="Leave the pictures out.")
def evaluate(
    predictions: Path, truth: Path, output: Path, images: Path | None, no_plots: bool
) -> None:
    """Compare two sets of points and grades: errors, Bland-Altman and kappa.

    A model against a reader, two readers, or two models.  Both are a CSV
    (image,level,point,x,y), vertebrae.csv, a folder of landmarks, the output of detect or
    batch, COCO keypoints, makesense.ai's points or the published .mat; see
    docs/evaluation.md.
    """
    from .training.annotations import open_annotations
    from .training.evaluation import Comparison
    from .training.evaluation_files import write_evaluation
    from .training.evaluation_table import tables
    from .training.own_images import frames_of

    true = open_annotations(truth)
    frames = None if images is None else frames_of(true.values(), images)
    compared = Comparison(open_annotations(predictions), true, frames=frames)
    _make_folder(output)
    parts = tables(write_evaluation(compared, output, plots=not no_plots))
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else 200).print(*parts, sep="\n")
    click.echo(f"{output}: summary.csv, agreement.csv, grades.csv, points.csv, summary.json")


@commands.command("convert-checkpoint")
@click.argument("file", type=_PATH)
@_OUTPUT
def convert(file: Path, output: Path) -> None:
    """Make a model folder of a checkpoint of the published VerteNet."""
    from .network.published import convert_checkpoint

    made = convert_checkpoint(file, output)
    click.echo(f"{made.directory}: {made.name} {made.version}, sha256 {made.sha256}")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the one place where errors become messages and exit codes."""
    for stream in (sys.stdout, sys.stderr):
        # A file name of odd bytes must not break the message about it.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    try:
        with _own_interrupt():
            code = commands.main(arguments, prog_name="vertenet", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Abort:
        return _say("Interrupted.", INTERRUPTED)
    except KeyboardInterrupt:
        return _say("Interrupted.", INTERRUPTED)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except VerteNetError as error:
        return _say(str(error), FAILED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        return _unexpected(error)


class _Interrupt(KeyboardInterrupt):
    """Ctrl-C, as a class of ours.

    Once a plain KeyboardInterrupt has passed through code compiled from text, as that of
    dataclasses is, CPython ends the process by the signal whatever exit code it was given.
    """


@contextmanager
def _own_interrupt() -> Iterator[None]:
    """Raise :class:`_Interrupt` on Ctrl-C; a host's own handler is left alone."""
    import signal
    import threading

    def interrupt(_number: int, _frame: object) -> None:
        raise _Interrupt

    before = signal.getsignal(signal.SIGINT)
    main_thread = threading.current_thread() is threading.main_thread()
    if before is not signal.default_int_handler or not main_thread:
        yield
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _unexpected(error: Exception) -> int:
    if os.environ.get("VERTENET_DEBUG"):
        import traceback

        traceback.print_exc()
    if isinstance(error, OSError):
        return _say(f"The system refused: {error.strerror or error} ({error.filename}).", FAILED)
    if isinstance(error, ImportError) and error.name and not error.name.startswith("vertenet"):
        package = error.name.partition(".")[0]
        return _say(
            f"Expected the package '{package}', but it is not installed. "
            f"Install it with: pip install {package}",
            FAILED,
        )
    return _say(
        f"Unexpected error ({type(error).__name__}: {error}). Please report it with the output "
        "of the same command with --debug after 'vertenet'.",
        FAILED,
    )


def _say(message: str, code: int) -> int:
    click.secho(" ".join(message.split()), fg="red", err=True)
    return code


def _make_folder(output: Path) -> None:
    from .report.atomic import output_errors

    with output_errors(output):
        output.mkdir(parents=True, exist_ok=True)
        if not os.access(output, os.W_OK):
            raise PermissionError(13, "Permission denied", str(output))


def _model_identity(model: Path | None) -> dict[str, str]:
    from .network.bundle import BUNDLED, read_model_info
    from .resources import resource_path

    found = read_model_info(resource_path(BUNDLED) if model is None else model)
    return {"name": found.name, "version": found.version, "sha256": found.sha256}


def _teller() -> Callable[[str], None]:
    """One line that is written over on a terminal, elsewhere a line each time."""
    if sys.stderr.isatty():
        return lambda line: click.echo(f"\r{line}\x1b[K", err=True, nl=not line)
    return lambda line: click.echo(line, err=True) if line else None


def _finish(outcomes: Iterable[Outcome], output: Path, *, many: bool) -> None:
    """Say what became of each file, write the common tables, and exit with 1 on failures."""
    from .batch import Tables, write_failures

    tables, failures = Tables(), []
    for outcome in outcomes:
        if outcome.analysis is not None:
            tables.add(outcome.analysis)
            click.echo(f"{outcome.folder}: {_summary(outcome.analysis)}")
        elif outcome.failure is not None:
            failures.append(outcome.failure)
            _say(f"{outcome.file}: {outcome.failure.reason}", FAILED)
    if many:
        tables.write(output)
    write_failures(output, failures)
    if failures:
        raise click.exceptions.Exit(FAILED)


def _summary(analysis: Analysis) -> str:
    """One line on an image: how many vertebrae, which are graded, can the aorta be scored."""
    if not len(analysis.spine):
        return "no spine found"
    graded = [f"{v.level} grade {v.final_grade}" for v in analysis.vertebrae if v.final_grade]
    first, last = analysis.vertebrae[0].level, analysis.vertebrae[-1].level
    found = f"{len(analysis.spine)} vertebrae {first} to {last}"
    open_ = sum(v.final_grade is None for v in analysis.vertebrae if v.level != "L5")
    graded += [f"{open_} not graded"] if open_ else []
    deformed = ", ".join(graded) or "none deformed"
    return f"{found}; {deformed}; aorta {analysis.aac.crop.status}"


def _image_finder(
    image: Path | None, landmarks: Path, *, alone: bool
) -> Callable[[LandmarkSet], Path | None]:
    """Where the image of some landmarks is: a file, in a folder, or beside them."""
    if image is None:
        beside = landmarks.parent / "image.nrrd"
        ours = landmarks.suffix in (".json", ".dcm") and beside.is_file()
        return lambda _: beside if ours else None
    if image.is_dir():
        files = sorted(path for path in image.iterdir() if path.is_file())
        return lambda item: _by_name(item.frame.file, files, image)
    if not alone:
        raise ConfigurationError(
            f"Expected a folder of images for a file with several of them, got '{image}'. "
            "Give --image the folder that holds them."
        )
    return lambda _: image


def _by_name(name: str, files: list[Path], folder: Path) -> Path:
    for matches in (lambda p: p.name == name, lambda p: p.stem in (name, Path(name).stem)):
        found = [path for path in files if matches(path)]
        if found:
            return found[0]
    raise ConfigurationError(
        f"Expected the image '{name}' in '{folder}', but it is not there. "
        "Check the folder or the names in the landmarks file."
    )


@contextmanager
def _progress(total: int) -> Iterator[Progress | None]:
    """A bar on stderr where there is more than one thing to do."""
    if total < 2:
        yield None
        return
    try:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )
    except ImportError:
        raise MissingDependencyError(
            "Expected the package 'rich' for the progress bar, but it is not installed. "
            "Install it with: pip install rich"
        ) from None
    columns: tuple[Any, ...] = (
        BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), redirect_stdout=sys.stdout.isatty(),
                  redirect_stderr=False) as bar:  # fmt: skip
        task = bar.add_task("", total=total)
        yield lambda done, _total, name: bar.update(task, completed=done, description=name)
