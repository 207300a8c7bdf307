"""Images in a folder for each class, of which some classes are taken."""

from torchvision.datasets import ImageFolder


class ChosenFolders(ImageFolder):
    """torchvision's ImageFolder with the classes, and their order, given.

    Parameters
    ----------
    root : path-like

    folders : sequence of str
        One for each class, in the order of the labels; others in `root` are left
        alone.

    Raises
    ------
    FileNotFoundError
        If one of them is missing, or has no images.
    """

    def __init__(self, root, folders):
        self.folders = list(folders)
        super().__init__(root)

    def find_classes(self, directory):
        """The classes, and their labels by name, as ImageFolder asks for them."""
        return self.folders, {name: i for i, name in enumerate(self.folders)}
