"""What is said of a data set before it is read, and the check of its options."""

from typing import NamedTuple

from modal_clustermargin._param_validation import (
    InvalidParameterError,
    validate_parameter_constraints,
)
from modal_clustermargin._unknown_names import nearest


class DataOption(NamedTuple):
    """A setting of a data set, which is a string, a number, a bool or None.

    Attributes
    ----------
    default : str, int, float, bool or None

    meaning : str

    allowed : tuple
        scikit-learn's constraints, one of which a value has to meet.
    """

    default: object
    meaning: str
    allowed: tuple


class DataCard(NamedTuple):
    """What there is to know of a data set.

    Attributes
    ----------
    name : str
        For `load_data`.

    what : str

    size : str
        Rows of pool and test, shape of a row, number of classes.

    licence : str
        And where the data come from.

    options : dict of str to DataOption

    needs : str
        What has to be in the folder, or "nothing".
    """

    name: str
    what: str
    size: str
    licence: str
    options: dict
    needs: str

    def settings(self, options):
        """Values of all options, as given or by default.

        Parameters
        ----------
        options : dict of str to str, int, float, bool or None

        Returns
        -------
        settings : dict
            In the order of the card.

        Raises
        ------
        ValueError
            If there is no option of a name, or its value is not allowed.
        """
        for name in options:
            if name not in self.options:
                raise ValueError(
                    f"load_data({self.name!r}) has no option {name!r}; it has"
                    f" {_listed(self.options)}.{nearest(name, self.options)}"
                )
        settings = {name: option.default for name, option in self.options.items()}
        settings.update(options)
        allowed = {name: list(option.allowed) for name, option in self.options.items()}
        try:
            validate_parameter_constraints(
                allowed, settings, caller_name=f"load_data({self.name!r})"
            )
        except InvalidParameterError as error:  # a ValueError, of a private name
            raise ValueError(str(error)) from None
        return settings


def _listed(names):
    return ", ".join(map(repr, names)) or "none"
