"""The coded words of our DICOM Structured Reports: (value, scheme, meaning).

Levels are SNOMED CT as DICOM lists them in CID 7603 "Vertebra" (PS3.16), other
standard codes are SNOMED CT, DCM or UCUM.  Where no standard code says what is meant,
the code is of the private scheme ``99VERTENET`` and so marked as ours.
"""

from __future__ import annotations

from ..anatomy import Level, PointName

Triple = tuple[str, str, str]

PRIVATE = "99VERTENET"
PRIVATE_NAME = "VerteNetSlicer research codes, docs/exchange.md"

#: Source: DICOM PS3.16, CID 7603 Vertebra, SNOMED CT.
LEVEL_CODES: dict[Level, Triple] = {
    Level(level): (code, "SCT", f"{level} vertebra")
    for level, code in {
        "T4": "73071006",
        "T5": "56401006",
        "T6": "45296009",
        "T7": "62487009",
        "T8": "11068009",
        "T9": "82687006",
        "T10": "7610001",
        "T11": "12989004",
        "T12": "23215003",
        "L1": "66794005",
        "L2": "14293000",
        "L3": "36470004",
        "L4": "11994002",
        "L5": "49668003",
    }.items()
}
VERTEBRA: Triple = ("51282000", "SCT", "Vertebra")
SPINE: Triple = ("421060004", "SCT", "Spine")
AORTA: Triple = ("7832008", "SCT", "Abdominal aorta")
PROCEDURE: Triple = ("363679005", "SCT", "Imaging procedure")

COMMENT: Triple = ("121106", "DCM", "Comment")
SOURCE_OF_MEASUREMENT: Triple = ("121112", "DCM", "Source of Measurement")
TRACKING: Triple = ("112039", "DCM", "Tracking Identifier")
GROUP: Triple = ("125007", "DCM", "Measurement Group")
FINDING_SITE: Triple = ("363698007", "SCT", "Finding Site")
SOURCE_IMAGE: Triple = ("121322", "DCM", "Source image for image processing operation")

MM: Triple = ("mm", "UCUM", "mm")
DEGREE: Triple = ("deg", "UCUM", "Degree")
UNITY: Triple = ("1", "UCUM", "no units")
PERCENT: Triple = ("%", "UCUM", "Percent")

YES: Triple = ("373066001", "SCT", "Yes")
NO: Triple = ("373067005", "SCT", "No")


def ours(value: str, meaning: str) -> Triple:
    """A code of our own scheme."""
    return value, PRIVATE, meaning


POINT_CODES: dict[PointName, Triple] = {
    PointName(name): ours(f"POINT_{name}", meaning)
    for name, meaning in {
        "PS": "Posterior superior corner of vertebral body",
        "MS": "Middle of superior endplate of vertebral body",
        "AS": "Anterior superior corner of vertebral body",
        "AI": "Anterior inferior corner of vertebral body",
        "MI": "Middle of inferior endplate of vertebral body",
        "PI": "Posterior inferior corner of vertebral body",
    }.items()
}
HEIGHT_CODES: dict[str, Triple] = {
    "Ha": ours("HA", "Anterior vertebral height"),
    "Hm": ours("HM", "Middle vertebral height"),
    "Hp": ours("HP", "Posterior vertebral height"),
}
RATIO_CODES: dict[str, Triple] = {
    "Ha_Hp": ours("HA_HP", "Anterior to posterior vertebral height"),
    "Hm_Hp": ours("HM_HP", "Middle to posterior vertebral height"),
    "Hm_Ha": ours("HM_HA", "Middle to anterior vertebral height"),
}
#: The two points between which each height is taken.
HEIGHT_ENDS: dict[str, tuple[PointName, PointName]] = {
    "Ha": (PointName.AS, PointName.AI),
    "Hm": (PointName.MS, PointName.MI),
    "Hp": (PointName.PS, PointName.PI),
}

P_GE1 = ours("P_GE1", "Probability of Genant grade 1 or more")
P_GE2 = ours("P_GE2", "Probability of Genant grade 2 or more")
COMPUTED_GRADE = ours("GRADE_COMPUTED", "Genant-style grade suggested by software")
COMPUTED_TYPE = ours("TYPE_COMPUTED", "Type of deformity suggested by software")
READER_GRADE = ours("GRADE_READER", "Genant grade given by a reader")
READER_EVALUABLE = ours("EVALUABLE_READER", "Vertebra called evaluable by a reader")
READER_REASON = ours("REASON_READER", "Reason given by a reader")
GRADES: dict[int, Triple] = {
    0: ours("GRADE_0", "Grade 0, normal"),
    1: ours("GRADE_1", "Grade 1, mild"),
    2: ours("GRADE_2", "Grade 2, moderate"),
    3: ours("GRADE_3", "Grade 3, severe"),
}
TYPES: dict[str, Triple] = {
    name: ours(f"TYPE_{name.upper()}", name.capitalize())
    for name in ("normal", "wedge", "biconcave", "crush")
}
WITHHELD = ours("WITHHELD", "Reason why a measurement is withheld")
GRADE_REASON = ours("GRADE_REASON", "Reason of the suggested grade")

DEFORMITY_INDEX = ours("SDI", "Spinal deformity index, grades T4 to L4")
KYPHOSIS = ours("KYPHOSIS_T4_T12", "Thoracic kyphosis T4 to T12, recumbent")
LORDOSIS = ours("LORDOSIS_L1_L5", "Lumbar lordosis L1 to L5, recumbent")
AAC24 = ours("AAC24", "Abdominal aortic calcification score, AAC-24")
AAC24_AT_LEAST = ours("AAC24_AT_LEAST", "Lower bound of AAC-24, sum of the scored walls")
AAC8_ANTERIOR = ours("AAC8_ANTERIOR", "AAC-8 (Schousboe) of the anterior wall, 0 to 4")
AAC8_POSTERIOR = ours("AAC8_POSTERIOR", "AAC-8 (Schousboe) of the posterior wall, 0 to 4")
AAC8 = ours("AAC8", "Abdominal aortic calcification score, AAC-8 (Schousboe)")
AORTA_CROPPED = ours("AORTA_CROP", "Aorta L1 to L4 within the image")
CROP_STATES: dict[str, Triple] = {
    "ok": ours("CROP_OK", "Within the image"),
    "cropped": ours("CROP_CROPPED", "Cropped"),
    "unknown": ours("CROP_UNKNOWN", "Not known"),
}


def aac_wall(level: Level, wall: str) -> Triple:
    """The code of one wall's score."""
    meaning = f"Aortic calcification at {level}, {wall} wall, 0 to 3"
    return ours(f"AAC_{level}_{wall.upper()}", meaning)


NOTICE = ours("NOTICE", "Notice")
SENTENCE = ours("WARNING", "Warning for the reader")
CONCLUSION = ours("SUMMARY", "Summary in words")
EXACT = ours("EXACT", "Landmarks in full precision, JSON")
