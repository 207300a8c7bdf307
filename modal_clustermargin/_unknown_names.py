"""Error messages for unknown names."""

from difflib import get_close_matches


def nearest(name, known):
    """A sentence that suggests the closest known name; empty if none is close."""
    close = get_close_matches(str(name), known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def check_known(name, known, who, what):
    """Raise ValueError for an unknown name; the message lists the known names.

    `who` is the caller, and `what` says what the name stands for, such as "strategy".
    """
    known = list(known)
    if name not in known:
        choice = f"choose one of {', '.join(known)}" if known else "there are none"
        raise ValueError(
            f"{who} has no {what} {name!r}; {choice}.{nearest(name, known)}"
        )
