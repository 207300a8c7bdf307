"""Numbers as a reader sees them, in the page and in the text alike."""

import numpy as np

NOT_KNOWN = "–"  # noqa: RUF001 the dash of typography
_DECIMALS = ((1, 3), (10, 2), (100, 1))


def percent(share, decimals=1):
    """A share as percent: "93.1 %"."""
    return _number(100 * share, f".{decimals}f", " %")


def in_percent(share):
    """A share as percent, where a column says the unit: "93.1"."""
    return _number(100 * share, ".1f")


def format_points(difference):
    """A difference of shares in points, with its sign: "+1.84"."""
    return _number(100 * difference, "+.2f")


def whole(value):
    """A count: "1,234"."""
    return _number(value, ",.0f")


def amount(value):
    """Seconds, MiB or money, with about three digits: "0.123", "12.3", "1,234"."""
    size = abs(value)
    if size == 0:
        return "0"
    decimals = next((n for end, n in _DECIMALS if size < end), 0)
    return _number(value, f",.{decimals}f")


def with_interval(estimate, form):
    """ "+1.84 (+1.20 to +2.48)", or the value alone where no interval is known."""
    value = form(estimate.value)
    if np.isnan(estimate.low):
        return value
    return f"{value} ({form(estimate.low)} to {form(estimate.high)})"


def with_error(mean, error, form):
    """ "93.1 ± 0.4", or the mean alone where no error is known."""
    return form(mean) if np.isnan(error) else f"{form(mean)} ± {form(error)}"


def listed(names):
    """ "a", "a and b", "a, b and c"."""
    names = list(map(str, names))
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def counted(n, noun):
    """ "1 seed", "3 seeds"."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _number(value, form, unit=""):
    if np.isnan(value):
        return NOT_KNOWN
    text = format(value, form)
    # Rounded to zero, a number has no sign.
    if not text.strip("+-0.,"):
        text = text.lstrip("+-")
    return text.replace("-", "−") + unit  # noqa: RUF001 the minus of typography
