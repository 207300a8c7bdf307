"""Tiny images in the layouts that torchvision expects of real data sets."""

import pickle

import numpy as np
from PIL import Image
from scipy.io import savemat

N_TRAIN, N_TEST = 12, 6
CLASSES = ("n01440764", "n01443537", "n01484850")
LABELS = np.arange(N_TRAIN) % len(CLASSES), np.arange(N_TEST) % len(CLASSES)


def pixels(n_images, size, seed):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n_images, size, size, 3), np.uint8)


def write_image_net(folder, classes=CLASSES):
    """Folders train and val, with a folder for each class."""
    for part, labels in zip(("train", "val"), LABELS, strict=True):
        images = pixels(len(labels), 40, len(part))
        for i, (image, label) in enumerate(zip(images, labels, strict=True)):
            place = folder / part / classes[label]
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(place / f"{part}_{i}.JPEG")
    return folder


def _write_batches(folder, names, key, meta, meta_key):
    folder.mkdir()
    *train, test = names
    parts = np.array_split(np.arange(N_TRAIN), len(train))
    for name, rows in zip(names, [*parts, np.arange(N_TEST)], strict=True):
        images = pixels(len(rows), 32, len(rows)).transpose(0, 3, 1, 2)
        labels = LABELS[int(name == test)][rows].tolist()
        content = {"data": images.reshape(len(rows), -1), key: labels}
        (folder / name).write_bytes(pickle.dumps(content))
    (folder / meta).write_bytes(pickle.dumps({meta_key: ["cat", "dog", "hen"]}))


def write_cifar10(folder):
    """Write the files of cifar-10-python.tar.gz; torchvision checks their checksums."""
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    place = folder / "cifar-10-batches-py"
    _write_batches(place, names, "labels", "batches.meta", "label_names")
    return folder


def write_cifar100(folder):
    """The files of cifar-100-python.tar.gz."""
    place = folder / "cifar-100-python"
    _write_batches(place, ["train", "test"], "fine_labels", "meta", "fine_label_names")
    return folder


def write_pets(folder):
    """Images and annotations of the Oxford pets."""
    place = folder / "oxford-iiit-pet"
    for part in ("images", "annotations"):
        (place / part).mkdir(parents=True)
    for split, labels in zip(("trainval", "test"), LABELS, strict=True):
        lines = []
        for i, label in enumerate(labels):
            name = f"{('Abyssinian', 'beagle', 'Bombay')[label]}_{split}_{i}"
            image = Image.fromarray(pixels(1, 40, i)[0])
            image.save(place / "images" / f"{name}.jpg")
            lines.append(f"{name} {label + 1} 1 1\n")
        (place / "annotations" / f"{split}.txt").write_text("".join(lines))
    return folder


def write_svhn(folder):
    """The files train_32x32.mat and test_32x32.mat, in which the label 10 is a zero."""
    for part, labels in zip(("train", "test"), LABELS, strict=True):
        images = pixels(len(labels), 32, len(part)).transpose(1, 2, 3, 0)
        y = np.where(labels == 0, 10, labels)[:, None].astype(np.uint8)
        savemat(folder / f"{part}_32x32.mat", {"X": images, "y": y})
    return folder


def write_labelled_images(folder):
    """Folders train and test, with tables of labels as in Open Images.

    Image i of a part is train_i or test_i and has label j if j divides i + 1; the last
    label has confidence 0 for image 0 of each part. The test is in folders, by numbers.
    """
    for part, n_images in (("train", N_TRAIN), ("test", N_TEST)):
        lines = ["ImageID,Source,LabelName,Confidence", f"{part}_0,verification,/m/4,0"]
        for i, image in enumerate(pixels(n_images, 40, len(part))):
            place = folder / part / (str(i % 2) if part == "test" else "")
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(place / f"{part}_{i}.png")
            lines += [
                f"{part}_{i},crowdsource,/m/{j},1" for j in (1, 2, 3) if not (i + 1) % j
            ]
        (folder / f"{part}.csv").write_text("\n".join(lines))
    return folder


def image_of(data, number):
    """Pixels of an image of a data set."""
    return np.asarray(data.images[int(number)][0])
