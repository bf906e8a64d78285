"""A network leaves a core to other work, takes it up again, and answers the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest
import torch
from torch import Tensor, nn

from vertenet.beside import beside, occupied
from vertenet.network.sharing import FEWEST_HALVED, in_halves, leaving_a_core, watch


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


class Noted(nn.Module):
    """Keeps on how many threads it was called."""

    def __init__(self, then: Future[None] | None = None) -> None:
        super().__init__()
        self.threads: list[int] = []
        self.then = then

    def forward(self, x: Tensor) -> Tensor:
        self.threads.append(torch.get_num_threads())
        if self.then is not None:
            self.then.set_result(None)
        return x


def test_a_core_is_left_until_the_other_work_is_done_and_then_taken_up() -> None:
    job: Future[None] = Future()
    first, second, third = Noted(), Noted(job), Noted()
    network = nn.Sequential(nn.Sequential(first), nn.Sequential(second), nn.Sequential(third))
    watch(network)
    with beside(job), leaving_a_core():
        network(torch.zeros(1))
        assert torch.get_num_threads() == 2
    assert (first.threads, second.threads, third.threads) == ([1], [1], [2])


def test_all_cores_are_used_where_nothing_goes_on_beside() -> None:
    job: Future[None] = Future()
    job.set_result(None)
    with beside(job), leaving_a_core():
        assert torch.get_num_threads() == 2
    with leaving_a_core():
        assert torch.get_num_threads() == 2


def test_the_cores_come_back_although_the_work_goes_on_or_the_network_fails() -> None:
    with beside(Future()):
        with leaving_a_core():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        with pytest.raises(ZeroDivisionError), leaving_a_core():
            raise ZeroDivisionError
    assert torch.get_num_threads() == 2


def test_other_work_is_known_to_its_own_thread_alone_and_only_inside() -> None:
    told = []
    with beside(Future()):
        other = threading.Thread(target=lambda: told.append(occupied()))
        other.start()
        other.join()
        assert occupied()
    assert told == [False]
    assert not occupied()


def look(rows: Tensor) -> dict[str, Tensor]:
    seen.append((len(rows), torch.get_num_threads(), torch.is_inference_mode_enabled()))
    return {"twice": 2 * rows}


seen: list[tuple[int, int, bool]] = []


@pytest.mark.parametrize(
    ("count", "calls"),
    [
        (FEWEST_HALVED - 1, [(FEWEST_HALVED - 1, 2, True)]),
        (FEWEST_HALVED, [(FEWEST_HALVED // 2, 1, True)] * 2),
        (FEWEST_HALVED + 1, [(FEWEST_HALVED // 2, 1, True), (FEWEST_HALVED // 2 + 1, 1, True)]),
    ],
)
def test_only_a_large_batch_is_parted_and_its_rows_keep_their_order(
    count: int, calls: list[tuple[int, int, bool]]
) -> None:
    seen.clear()
    batch = torch.arange(float(count))
    with torch.inference_mode():
        answer = in_halves(look, batch)
    assert answer["twice"].tolist() == (2 * batch).tolist()
    assert sorted(seen) == calls
    assert torch.get_num_threads() == 2


def test_a_batch_is_seen_whole_while_the_other_core_is_needed() -> None:
    seen.clear()
    with beside(Future()):
        in_halves(look, torch.zeros(2 * FEWEST_HALVED))
    assert seen == [(2 * FEWEST_HALVED, 2, False)]
