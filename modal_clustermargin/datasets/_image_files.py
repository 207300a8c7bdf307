"""Images of a folder by their numbers, decoded when they are asked for."""

import os
from pathlib import Path

import numpy as np

_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")


def image_paths(folder):
    """Images of a folder and of the folders in it.

    Parameters
    ----------
    folder : path-like

    Returns
    -------
    paths : list of str
        In no order.

    Raises
    ------
    OSError
        If there is no such folder.
    """
    paths, folders = [], [folder]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    folders.append(entry.path)
                elif entry.name.lower().endswith(_ENDINGS):
                    paths.append(entry.path)
    return paths


class ImageFiles:
    """A torch Dataset of image files: pairs of a PIL image in colours and a number.

    Parameters
    ----------
    paths : list of str

    Notes
    -----
    Paths are kept as bytes in one array, which costs a tenth of a list of strings and
    is not copied by processes that load images.
    """

    def __init__(self, paths):
        self._paths = np.array([os.fsencode(path) for path in paths])

    def __len__(self):
        return len(self._paths)

    def __getitem__(self, number):
        """The image of a number, and the number again."""
        from PIL import Image

        path = Path(os.fsdecode(self._paths[number]))
        try:
            with Image.open(path) as image:
                return image.convert("RGB"), number
        except OSError as error:
            raise OSError(
                f"{str(path)!r} cannot be read as an image ({error}). Replace the file,"
                " or take it out of the table of labels."
            ) from error
