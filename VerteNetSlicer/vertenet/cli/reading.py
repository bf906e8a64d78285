"""Images and points to results: ``detect``, ``measure``, ``followup``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import ConfigurationError
from .options import AGE, DICOM, IDENTITY, MODEL, OUTPUT, PATH, RULES, SEX, SPACING
from .telling import finish, make_folder, progress, summary_of

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..batch import Outcome
    from ..images import DxaImage
    from ..measure import NormTable
    from ..report import LandmarkSet
    from ..report.exchange import Exchange


@click.command()
@click.argument("images", nargs=-1, required=True, type=PATH, metavar="IMAGE...")
@OUTPUT
@MODEL
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto")
@SPACING
@click.option("--anterior", type=click.Choice(["auto", "left", "right"]), default="auto",
              help="Side of the image that the patient faces.")  # fmt: skip
@SEX
@AGE
@DICOM
@IDENTITY
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
    from .. import batch
    from ..anatomy import Side

    spacing_mm = batch.check_spacing(spacing)
    side = None if anterior == "auto" else Side(anterior)
    files = batch.find_images(images)
    make_folder(output)
    from ..beside import rest_soon
    from ..detection import load_detector
    from ..memory import keep_memory

    keep_memory()
    rest_soon()
    detector = load_detector(model, device)
    with progress(len(files)) as tell:
        outcomes = batch.detect_many(
            files, output, detector, spacing_mm=spacing_mm, anterior=side, sex=sex,
            age_years=age, dicom=dicom, identity=identity, progress=tell,
        )  # fmt: skip
        finish(outcomes, output, many=len(files) > 1)


@click.command()
@click.argument("landmarks", type=PATH)
@click.option("--image", type=PATH, help="The image on which the points lie, or a folder of them.")
@OUTPUT
@SPACING
@click.option("--rule", type=click.Choice(RULES), default=RULES[0], show_default=True,
              help="How vertebrae are graded, see docs/grading.md.")  # fmt: skip
@click.option("--rules", is_flag=True, help="Write rules.csv: the grades by all rules as well.")
@click.option("--norms", type=PATH, help="Your own table of norms, as data/norms.csv is one.")
@SEX
@AGE
@DICOM
@IDENTITY
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
    from .. import batch
    from ..images import read_image
    from ..report import read_landmarks, write_folder
    from ..report.exchange import exchange_with

    spacing_mm, table = batch.check_spacing(spacing), _norms(norms)
    sets = tuple(batch.of_person(s, sex, age) for s in read_landmarks(landmarks))
    find = _image_finder(image, landmarks, alone=len(sets) == 1)

    def pixels_of(item: LandmarkSet) -> DxaImage | None:
        path = find(item)
        return None if path is None else batch.of_person(read_image(path), sex, age)

    def exchange_of(item: LandmarkSet) -> Exchange | None:
        return exchange_with(find(item), dicom=dicom, identity=identity)

    make_folder(output)
    if len(sets) == 1:
        exchange, pixels = exchange_of(sets[0]), pixels_of(sets[0])
        analysis = batch.measure_set(sets[0], pixels, spacing_mm=spacing_mm, rule=rule, norms=table)
        write_folder(analysis, output, image=pixels, exchange=exchange)
        if rules:
            _write_rules([analysis], output, table)
        click.echo(f"{output}: {summary_of(analysis)}")
        return
    with progress(len(sets)) as tell:
        outcomes = batch.measure_many(
            sets, output, images=pixels_of, exchanges=exchange_of, spacing_mm=spacing_mm,
            rule=rule, norms=table, progress=tell,
        )  # fmt: skip
        analyses: list[Analysis] = []
        try:
            finish(_kept(outcomes, analyses if rules else None), output, many=True)
        finally:
            if rules:
                _write_rules(analyses, output, table)


def _kept(outcomes: Iterable[Outcome], analyses: list[Analysis] | None) -> Iterator[Outcome]:
    for outcome in outcomes:
        if analyses is not None and outcome.analysis is not None:
            analyses.append(outcome.analysis)
        yield outcome


def _norms(path: Path | None) -> NormTable | None:
    from ..measure import parse_norms

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
    from ..pipeline import by_rules
    from ..report import write_text
    from ..report.tables import rules_csv

    graded = ((analysis, by_rules(analysis, norms=norms)) for analysis in analyses)
    write_text(output / "rules.csv", rules_csv(graded))


@click.command()
@click.argument("before", type=PATH)
@click.argument("after", type=PATH)
@click.option("--output", "-o", type=PATH, help="CSV file; by default the table is only shown.")
@SPACING
def followup(before: Path, after: Path, output: Path | None, spacing: str | None) -> None:
    """Compare two examinations of one person: each height's change, new fractures.

    BEFORE and AFTER are any files that 'vertenet measure' reads, of one image each.  A
    height that lost 20 % and 4 mm is an incident fracture; without millimetres a rise of
    the grade is.
    """
    from .. import batch
    from ..measure import compare
    from ..report import read_landmarks, write_text
    from ..report.tables import followup_csv

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
