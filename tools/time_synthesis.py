"""Time the renderers of synthetic scans: per scan, on one thread or on a GPU.

Usage: python tools/time_synthesis.py [--size 704x352] [--device cuda] [--workers 15]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch

from vertenet.synthesis import draw_parameters, render_scan
from vertenet.synthesis.batched import render_batch, rendered
from vertenet.synthesis.display import DisplayList, display_list

FIRST_SEED = 100


def fastest(do: Callable[[], object], rounds: int, count: int) -> float:
    """Milliseconds of CPU time per scan, of the fastest round."""
    spent = []
    for _ in range(rounds):
        start = time.process_time()
        do()
        spent.append(time.process_time() - start)
    return min(spent) / count * 1e3


def on_a_core(size: tuple[int, int], rounds: int, count: int) -> None:
    """Print what each part costs on one thread."""
    torch.set_num_threads(1)
    params = [draw_parameters(np.random.default_rng(FIRST_SEED + k)) for k in range(count)]

    def laid_out() -> list[DisplayList]:
        return [display_list(p, size) for p in params]

    lists = laid_out()
    layout = fastest(laid_out, rounds, count)
    alone = fastest(lambda: [render_scan(p, size) for p in params], rounds, count)
    together = fastest(lambda: render_batch(lists), rounds, count)
    print(f"layout                    {layout:6.1f} ms")
    print(f"numpy, whole              {alone:6.1f} ms  {1e3 / alone:6.1f} scans/s and core")
    whole = layout + together
    rate = 1e3 / whole
    print(f"torch, {count:3d} together       {whole:6.1f} ms  {rate:6.1f} scans/s and core")


def on_a_device(size: tuple[int, int], device: str, workers: int, count: int) -> None:
    """Print how many scans a second a device gives, its processes warmed up."""
    seeds = range(FIRST_SEED, FIRST_SEED + count)
    start, done = 0.0, 0
    for lists, batch in rendered(seeds, size, device, workers=workers):
        batch.bytes().cpu()
        if start:
            done += len(lists)
        else:  # the first batch pays for starting processes and loading kernels
            start = time.perf_counter()
    print(f"{device}: {done / (time.perf_counter() - start):.0f} scans/s with {workers} processes")
    lists = [display_list(draw_parameters(np.random.default_rng(s)), size) for s in seeds[:128]]
    render_batch(lists, device)
    start = time.perf_counter()
    render_batch(lists, device).bytes().cpu()
    print(
        f"{device}: {len(lists) / (time.perf_counter() - start):.0f} scans/s without their layout"
    )


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="704x352", help="rows x columns")
    parser.add_argument("--device", help="a torch device; without it one core is timed")
    parser.add_argument("--workers", type=int, default=15, help="processes beside the device")
    parser.add_argument("--count", type=int, help="scans (16 on a core, 8192 on a device)")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    rows, columns = (int(v) for v in args.size.split("x"))
    if args.device:
        on_a_device((rows, columns), args.device, args.workers, args.count or 8192)
    else:
        on_a_core((rows, columns), args.rounds, args.count or 16)


if __name__ == "__main__":
    main()
