"""Agreement of two result sets: kappa against closed forms, angles against measure's own."""

import numpy as np
import pytest

from vertenet.anatomy import LEVELS, Landmark, PointName, Spine, Vertebra
from vertenet.geometry import PixelScale
from vertenet.measure import measure_alignment
from vertenet.training.annotated import WALLS, Annotated
from vertenet.training.evaluation import evaluate
from vertenet.training.evaluation_agreement import ImagePairs
from vertenet.training.evaluation_kappa import kappas, weighted_kappa

BODY = np.array([[-20.0, -15], [0, -15], [20, -15], [20, 15], [0, 15], [-20, 15]])


def image(name, grades=(), **more):
    names = [level.value for level in LEVELS]
    levels = [f"L{i + 1}" for i in range(len(grades))] if grades else names
    bodies = {level: BODY + [100, 40 + 40 * i] for i, level in enumerate(levels)}
    known = {lv: g for lv, g in zip(levels, grades, strict=False) if g is not None}
    return Annotated(name, bodies, grade=known, size=(200, 800), **more)


def compared(predicted, truth):
    found = evaluate({p.image: p for p in predicted}, {t.image: t for t in truth})
    return {k.name: k for k in kappas(found.cases)}


def one_by_one(table):
    """Each count as an image of its own."""
    table = np.array(table)
    out = []
    for i, j in np.ndindex(table.shape):
        cell = np.zeros(table.shape)
        cell[i, j] = 1
        out += [cell] * int(table[i, j])
    return np.array(out)


def test_kappa_of_a_known_table():
    # 35 of 50 the same; by chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5
    value, error = weighted_kappa(one_by_one([[20, 5], [10, 15]]), ordered=False)
    assert value == pytest.approx(0.4)
    # Fleiss, Cohen and Everitt 1969, Psychol Bull 72:323, of this table
    p = np.array([[0.4, 0.1], [0.2, 0.3]])
    rows, columns, same, chance = p.sum(1), p.sum(0), 0.7, 0.5
    a = sum(p[i, i] * ((1 - chance) - (rows[i] + columns[i]) * (1 - same)) ** 2 for i in (0, 1))
    b = (1 - same) ** 2 * sum(
        p[i, j] * (columns[i] + rows[j]) ** 2 for i in (0, 1) for j in (0, 1) if i != j
    )
    c = (same * chance - 2 * chance + same) ** 2
    assert error == pytest.approx(np.sqrt((a + b - c) / 50) / (1 - chance) ** 2)


def test_linear_weights_forgive_neighbours_more_than_strangers():
    near, _ = weighted_kappa(one_by_one([[8, 2, 0], [2, 8, 0], [0, 0, 10]]), ordered=True)
    far, _ = weighted_kappa(one_by_one([[8, 0, 2], [0, 10, 0], [2, 0, 8]]), ordered=True)
    # all margins are 10 of 30: expected disagreement 8 * 100 / 30; seen 4 and 8
    assert near == pytest.approx(1 - 4 / (800 / 30))
    assert far == pytest.approx(1 - 8 / (800 / 30))


def test_two_readers_who_exchange_places_agree_as_well():
    tables = np.random.default_rng(0).integers(0, 5, (20, 4, 4)).astype(float)
    there = weighted_kappa(tables, ordered=True)
    back = weighted_kappa(tables.transpose(0, 2, 1), ordered=True)
    assert there == pytest.approx(back)


def test_the_same_vertebra_twice_in_an_image_tells_no_more():
    once = one_by_one([[20, 5], [10, 15]])
    assert weighted_kappa(2 * once, ordered=False) == pytest.approx(
        weighted_kappa(once, ordered=False)
    )


def test_the_interval_holds_the_truth_in_19_of_20_cohorts():
    rng = np.random.default_rng(1)
    truth = 1 - 0.2 / 0.42  # of margins 0.3 and 0.7 with 0.1 exchanged each way
    held = 0
    for _ in range(400):
        cells = rng.multinomial(1, [0.2, 0.1, 0.1, 0.6], size=150).reshape(-1, 2, 2)
        value, error = weighted_kappa(cells.astype(float), ordered=False)
        held += abs(value - truth) <= 1.96 * error
    assert 0.92 <= held / 400 <= 0.98  # standard error 0.011


def test_grades_of_matched_vertebrae_are_compared_and_ungraded_ones_counted_apart():
    found = compared(
        [image("a", (0, 2, 1)), image("b", (0, 0, 3))],
        [image("a", (0, 1, None)), image("b", (0, 0, 3))],
    )
    grade = found["grade"]
    assert (grade.count, grade.images, grade.only_one) == (5, 2, 1)
    assert grade.table == ((3, 0, 0, 0), (0, 0, 1, 0), (0, 0, 0, 0), (0, 0, 0, 1))
    assert grade.same == pytest.approx(0.8)
    # seen 1; rows 3 1 0 1, columns 3 0 1 1: expected (9*0 + 3*2 + 3*3 + 3*1... ) / 5
    rows, columns = np.array([3, 1, 0, 1]), np.array([3, 0, 1, 1])
    chance = sum(
        abs(i - j) * rows[i] * columns[j] for i in range(4) for j in range(4)
    ) / 5  # fmt: skip
    assert grade.value == pytest.approx(1 - 1 / chance)
    assert found["grade 1 or more"].value == pytest.approx(1.0)
    assert found["grade 2 or more"].table == ((3, 1), (0, 1))
    assert found["worst grade"].table[1][2] == 1


def test_where_all_is_alike_there_is_no_kappa():
    grade = compared([image("a", (0, 0))], [image("a", (0, 0))])["grade"]
    assert (grade.value, grade.low, grade.high, grade.same) == (None, None, None, 1.0)


def test_one_image_has_a_kappa_without_an_interval():
    grade = compared([image("a", (0, 1, 2))], [image("a", (0, 1, 2))])["grade"]
    assert (grade.value, grade.low) == (pytest.approx(1.0), None)


def test_nothing_graded_is_nothing_listed():
    assert compared([image("a")], [image("a")]) == {}


@pytest.mark.parametrize(("total", "category"), [(1, 0), (2, 1), (5, 1), (6, 2)])
def test_aac_totals_fall_into_their_categories(total, category):
    walls = dict.fromkeys(WALLS, 0)
    for i in range(total):
        walls[WALLS[i % 8]] += 1
    found = compared([image("a", walls=walls)], [image("a", walls=walls)])
    assert found["AAC-24 category"].table[category][category] == 1
    assert found["AAC wall score"].count == 8


def test_a_wall_that_is_not_scored_is_not_0_and_gives_no_total():
    walls = dict.fromkeys(WALLS[1:], 3)
    found = compared([image("a", walls=walls)], [image("a", walls=dict.fromkeys(WALLS, 3))])
    assert "AAC-24 category" not in found
    assert (found["AAC wall score"].count, found["AAC wall score"].only_one) == (7, 1)


def test_totals_and_angles_have_limits_of_agreement():
    low, high = dict.fromkeys(WALLS, 0), dict.fromkeys(WALLS, 1)
    cases = evaluate(
        {n: image(n, walls=high) for n in "ab"},
        {"a": image("a", walls=low), "b": image("b", walls=high)},
    ).cases
    pairs = ImagePairs()
    for case in cases:
        pairs.add(case)
    found = {item.name: item for item in pairs.agreement()}
    total = found["AAC-24"]
    assert (total.count, total.bias, total.rms_cv) == (2, pytest.approx(4.0), None)
    sd = 8 / np.sqrt(2)
    assert (total.low, total.high) == (
        pytest.approx(4 - 1.96 * sd),
        pytest.approx(4 + 1.96 * sd),
    )
    assert found["kyphosis T4-T12"].bias == pytest.approx(0.0)


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_angles_are_those_of_measure(mirrored):
    rng = np.random.default_rng(3)
    item = image("a", spacing_mm=(0.5, 0.3))
    for body in item.bodies.values():
        body += rng.normal(0, 3, body.shape)
        body[:, 0] = 300 - body[:, 0] if mirrored else body[:, 0]
    spine = Spine(tuple(
        Vertebra(lv, {name: Landmark(*item.bodies[lv.value][i].tolist())
                      for i, name in enumerate(PointName)})
        for lv in LEVELS
    ))  # fmt: skip
    ours = measure_alignment(spine, PixelScale(0.5, 0.3, in_mm=True))
    pairs = ImagePairs()
    pairs.add(evaluate({"a": item}, {"a": item}).cases[0])
    found = pairs.differences()
    kyphosis, lordosis = found["kyphosis T4-T12"][1][0, 0], found["lordosis L1-L5"][1][0, 0]
    assert kyphosis == pytest.approx(ours.kyphosis_t4_t12.value, abs=1e-9)
    assert lordosis == pytest.approx(ours.lordosis_l1_l5.value, abs=1e-9)
