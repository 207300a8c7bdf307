"""NetworkClassifier, compared with a plain torch loop and with skorch.

    python benchmarks/networks.py            # 50,000 images to predict
    python benchmarks/networks.py --short    # a quick test
    python benchmarks/networks.py --device cuda   # VGG16 and ResNet-50, both precisions

All methods have the same network, optimizer, batch size and epochs. Fits are timed in
turn, in one process. Predictions of a memory map of bytes are timed in a new process
each. The memory of a prediction is the peak above the memory of the process after
imports and a first batch, and includes the output. Linux only.
"""

import argparse
import multiprocessing
import resource
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from skorch import NeuralNetClassifier
from torch import nn, optim

from modal_clustermargin.estimators import (
    MLP,
    VGG16,
    NetworkClassifier,
    ResNet18,
    ResNet50,
    SmallConvNet,
)

N_CLASSES = 10
RATE = 1e-3


# ---- fit ---------------------------------------------------------------------


def plain_loop(make, X, y, batch_size, epochs):
    """A training loop as a user would write it by hand."""
    net = make()
    optimizer = optim.AdamW(net.parameters(), lr=RATE, fused=True)
    loss_of = nn.CrossEntropyLoss()
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    net.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(batch_size):
            optimizer.zero_grad()
            loss_of(net(X[rows]), y[rows]).backward()
            optimizer.step()
    return net


def bare_skorch(make, X, y, batch_size, epochs):
    """The same settings in skorch."""
    return NeuralNetClassifier(
        make,
        criterion=nn.CrossEntropyLoss,
        optimizer=optim.AdamW,
        optimizer__fused=True,
        lr=RATE,
        batch_size=batch_size,
        max_epochs=epochs,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    ).fit(X, y)


def ours(make, X, y, batch_size, epochs, **settings):
    """NetworkClassifier."""
    return NetworkClassifier(
        make, lr=RATE, batch_size=batch_size, max_epochs=epochs, **settings
    ).fit(X, y)


def fit_cases(short):
    """Name, network, rows, shape of a sample, batch size, epochs."""
    image, row = (3, 32, 32), (64,)
    few = 10 if short else 1
    return [
        ("MLP", partial(MLP, 64, N_CLASSES), 10_000 // few, row, 32, 3),
        ("MLP", partial(MLP, 64, N_CLASSES), 10_000 // few, row, 256, 10),
        (
            "SmallConvNet",
            partial(SmallConvNet, N_CLASSES, in_channels=3),
            3_000 // few,
            image,
            32,
            3,
        ),
        (
            "ResNet18",
            partial(ResNet18, N_CLASSES),
            500 // few,
            image,
            32,
            2,
        ),
    ]


def compare_fits(runs, short):
    print("Seconds of a fit, median (lowest to highest), and ratio to the plain loop")
    methods = {
        "plain loop": plain_loop,
        "NetworkClassifier": ours,
        "skorch": bare_skorch,
    }
    for name, make, n_rows, shape, batch_size, epochs in fit_cases(short):
        rng = np.random.default_rng(0)
        X = rng.random((n_rows, *shape), np.float32)
        y = rng.integers(N_CLASSES, size=n_rows)
        seconds = {method: [] for method in methods}
        for method in list(methods) + [*methods] * runs:  # the first is not counted
            start = time.perf_counter()
            methods[method](make, X, y, batch_size, epochs)
            seconds[method].append(time.perf_counter() - start)
        print(
            f"\n{name}, {n_rows:,} samples in batches of {batch_size}, {epochs} epochs"
        )
        theirs = np.median(seconds["plain loop"][1:])
        for method, (_, *counted) in seconds.items():
            print(
                f"  {method:18} {np.median(counted):7.3f}"
                f" ({min(counted):.3f} to {max(counted):.3f})"
                f"   {np.median(counted) / theirs:5.2f}"
            )


# ---- predictions -------------------------------------------------------------


class PeakMemory(threading.Thread):
    """Reads the anonymous memory of this process a thousand times a second.

    `mebibytes` is the peak above the memory at the start.
    """

    def __enter__(self):
        self.over = threading.Event()
        self.before = self.mebibytes = anonymous_memory()
        self.start()
        return self

    def run(self):
        while not self.over.wait(0.001):
            self.mebibytes = max(self.mebibytes, anonymous_memory())

    def __exit__(self, *error):
        self.over.set()
        self.join()
        self.mebibytes -= self.before


def anonymous_memory():
    """Resident memory of this process that is not backed by a file, in MiB."""
    pages = Path("/proc/self/statm").read_text().split()
    return (int(pages[1]) - int(pages[2])) * resource.getpagesize() / 2**20


def predict(file, method, n_classes, batch_size):
    """Seconds, MiB of the output, and MiB of the peak with the output."""
    X = np.load(file, mmap_mode="r")
    make = partial(SmallConvNet, n_classes, in_channels=3, n_hidden=512)
    first, y = np.array(X[:512]), np.arange(512) % n_classes
    if method == "skorch predict_proba":
        net = NeuralNetClassifier(
            make, criterion=nn.CrossEntropyLoss, batch_size=batch_size, verbose=0
        ).initialize()
        # skorch reads float32 only, so all images are cast before the measurement.
        X = X.astype(np.float32)
        call = net.predict_proba
    else:
        net = NetworkClassifier(
            make, max_epochs=0, predict_batch_size=batch_size, classes=range(n_classes)
        ).fit(first, y)
        call = net.embed if method == "embed" else net.predict_proba
    call(np.array(X[: 2 * batch_size]))
    with PeakMemory() as peak:
        start = time.perf_counter()
        out = call(X)
        seconds = time.perf_counter() - start
    return seconds, out.nbytes / 2**20, peak.mebibytes


def compare_predictions(short):
    n_rows, batch_sizes = (2_000, (64,)) if short else (50_000, (64, 256))
    n_classes = 100
    print(
        f"\nPredictions of {n_rows:,} images (3 x 32 x 32, a memory map of bytes),"
        f" {n_classes} classes, 512 hidden units"
        f"\n{'':23}batch   seconds   output MiB   peak MiB   times output"
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "images.npy"
        X = np.lib.format.open_memmap(file, "w+", np.uint8, (n_rows, 3, 32, 32))
        rng = np.random.default_rng(0)
        for start in range(0, n_rows, 1000):
            X[start : start + 1000] = rng.integers(256, size=(1000, 3, 32, 32))
        X.flush()
        del X
        new_process = multiprocessing.get_context("spawn")
        for method in ("predict_proba", "skorch predict_proba", "embed"):
            for batch_size in batch_sizes:
                with new_process.Pool(1) as pool:
                    seconds, output, peak = pool.apply(
                        predict, (file, method, n_classes, batch_size)
                    )
                print(
                    f"{method:22} {batch_size:5} {seconds:9.1f} {output:12.1f}"
                    f" {peak:10.1f} {peak / output:14.2f}"
                )


# ---- on a GPU ----------------------------------------------------------------


def compare_precisions(device, short):
    n_epochs = 3
    name = torch.cuda.get_device_name(device)
    print(f"\nImages per second on {name}, training for {n_epochs} epochs")
    print("                                 fit     embed")
    for name, make, side, n_rows in (
        ("VGG16", partial(VGG16, N_CLASSES), 32, 50_000),
        ("ResNet50", partial(ResNet50, N_CLASSES), 224, 5_000),
    ):
        n_rows = n_rows // 50 if short else n_rows
        rng = np.random.default_rng(0)
        X = rng.integers(256, size=(n_rows, 3, side, side), dtype=np.uint8)
        y = rng.integers(N_CLASSES, size=n_rows)
        for mixed in (False, True):
            net = NetworkClassifier(
                make,
                max_epochs=n_epochs,
                batch_size=128,
                mixed_precision=mixed,
                device=device,
            ).fit(X[:512], y[:512])
            rates = []
            for call, times in (
                (partial(net.partial_fit, y=y), n_epochs),
                (net.embed, 1),
            ):
                torch.cuda.synchronize(device)
                start = time.perf_counter()
                call(X)
                torch.cuda.synchronize(device)
                rates.append(times * n_rows / (time.perf_counter() - start))
            precision = "bfloat16" if mixed else "float32"
            print(f"{name:10} {side:4} {precision:10} {rates[0]:9.0f} {rates[1]:9.0f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=["fit", "predict"])
    parser.add_argument("--device", help="cuda, to compare precisions there")
    parser.add_argument("--short", action="store_true")
    arguments = parser.parse_args()
    if arguments.device:
        compare_precisions(torch.device(arguments.device), arguments.short)
        return
    if arguments.only != "predict":
        compare_fits(1 if arguments.short else arguments.runs, arguments.short)
    if arguments.only != "fit":
        compare_predictions(arguments.short)


if __name__ == "__main__":
    main()
