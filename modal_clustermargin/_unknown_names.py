"""What is said of a name that is not among the known ones."""

from difflib import get_close_matches


def nearest(name, known):
    """A sentence with the name that was probably meant, after a space, or nothing."""
    close = get_close_matches(str(name), known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def check_known(name, known, who, what):
    """Raise ValueError for a name that is not known; the nearest is suggested.

    Parameters
    ----------
    name : str

    known : iterable of str

    who : str
        Named first in the message.

    what : str
        What the name is of, such as "strategy".

    Raises
    ------
    ValueError
        Lists what is known.
    """
    known = list(known)
    if name not in known:
        there_is = ", ".join(known) if known else "none at all"
        raise ValueError(
            f"{who} knows no {what} {name!r}; there is {there_is}."
            f"{nearest(name, known)}"
        )
