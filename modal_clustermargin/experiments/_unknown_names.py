"""What is said of a name that is not among the known ones."""

from difflib import get_close_matches


def check_known(name, known, who, what):
    """Raise ValueError for a name that is not known; the nearest is suggested.

    Parameters
    ----------
    name : str

    known : iterable of str

    who : str
        Named first in the message.

    what : str
        Such as "strategy"; what the name is of.

    Raises
    ------
    ValueError
        Lists what is known.
    """
    known = list(known)
    if name in known:
        return
    near = get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    there_is = ", ".join(known) if known else "none at all"
    raise ValueError(f"{who} knows no {what} {name!r}; there is {there_is}.{hint}")
