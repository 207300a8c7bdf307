"""The description of a data set, and the check of its options."""

from numbers import Integral
from typing import NamedTuple

from modal_clustermargin._param_validation import (
    Interval,
    InvalidParameterError,
    RealNotInt,
    validate_parameter_constraints,
)
from modal_clustermargin._unknown_names import check_known


class DataOption(NamedTuple):
    """An option of a data set.

    Attributes
    ----------
    default : str, int, float, bool or None

    meaning : str

    allowed : tuple
        Constraints of scikit-learn. A value must satisfy one of them.
    """

    default: object
    meaning: str
    allowed: tuple


class DataCard(NamedTuple):
    """The description of a data set.

    Attributes
    ----------
    name : str
        For `load_data`.

    what : str

    size : str
        Rows of pool and test, shape of a row, number of classes.

    licence : str
        With the source of the data.

    options : dict of str to DataOption

    needs : str
        Required content of the folder, or "nothing".

    needs_folder : bool
        Whether `load_data` needs a folder.
    """

    name: str
    what: str
    size: str
    licence: str
    options: dict
    needs: str
    needs_folder: bool = False

    def settings(self, options):
        """Values of all options: a dict of those given and of the other defaults.

        Raises ValueError if an option is unknown or its value is not allowed.
        """
        who = f"load_data({self.name!r})"
        for name in options:
            check_known(name, self.options, who, "option")
        settings = {name: option.default for name, option in self.options.items()}
        settings.update(options)
        allowed = {name: list(option.allowed) for name, option in self.options.items()}
        try:
            validate_parameter_constraints(allowed, settings, caller_name=who)
        except InvalidParameterError as error:  # a private subclass of ValueError
            raise ValueError(str(error)) from None
        return settings


COUNT = (Interval(Integral, 1, None, closed="left"),)
TEST_SIZE = DataOption(
    0.2,
    "rows held out for the test, or their share, if there is no test",
    (*COUNT, Interval(RealNotInt, 0, 1, closed="neither")),
)
OPEN_IMAGES_LICENCE = (
    "annotations CC BY 4.0 by Google, images listed as CC BY 2.0"
    " (https://storage.googleapis.com/openimages/web/index.html)"
)
