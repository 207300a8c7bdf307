"""Numbers and lists as text, for the page and the text report."""

import numpy as np


def format_percent(share, decimals=1):
    """A share as percent: "93.1 %"."""
    return _format(100 * share, f".{decimals}f", " %")


def format_percent_number(share):
    """A share as percent, without the unit: "93.1"."""
    return _format(100 * share, ".1f")


def format_points(difference):
    """A difference of shares in percentage points, with its sign: "+1.84"."""
    return _format(100 * difference, "+.2f")


def format_count(value):
    """A count: "1,234"."""
    return _format(value, ",.0f")


def format_amount(value):
    """Seconds, MiB or money, with about three digits: "0.123", "12.3", "1,234"."""
    size = abs(value)
    if size == 0:
        return "0"
    decimals = 3 if size < 1 else 2 if size < 10 else 1 if size < 100 else 0
    return _format(value, f",.{decimals}f")


def with_interval(estimate, form):
    """ "+1.84 (+1.20 to +2.48)", or the value alone if there is no interval."""
    value = form(estimate.value)
    if np.isnan(estimate.low):
        return value
    return f"{value} ({form(estimate.low)} to {form(estimate.high)})"


def with_error(mean, error, form):
    """ "93.1 ± 0.4", or the mean alone if there is no error."""
    return form(mean) if np.isnan(error) else f"{form(mean)} ± {form(error)}"


def join_names(names):
    """ "a", "a and b", "a, b and c"."""
    names = list(map(str, names))
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def count_of(n, noun):
    """ "1 seed", "3 seeds"."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _format(value, form, unit=""):
    if np.isnan(value):
        return "–"  # noqa: RUF001 an en dash
    text = format(value, form)
    if not text.strip("+-0.,"):  # rounded to zero: no sign
        text = text.lstrip("+-")
    return text.replace("-", "−") + unit  # noqa: RUF001 a minus sign
