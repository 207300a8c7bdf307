"""scikit-learn's checks of parameters, imported in this one place.

scikit-learn keeps them private, so a new version may move them.
"""

from sklearn.utils._param_validation import (
    Interval,
    InvalidParameterError,
    StrOptions,
    validate_params,
)

__all__ = ["Interval", "InvalidParameterError", "StrOptions", "validate_params"]
