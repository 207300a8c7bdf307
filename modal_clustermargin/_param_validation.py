"""scikit-learn's checks of parameters, imported in this one place.

scikit-learn keeps them private, so a new version may move them.
"""

from sklearn.utils._param_validation import (  # noqa: F401 others import them from here
    HasMethods,
    Interval,
    InvalidParameterError,
    RealNotInt,
    StrOptions,
    validate_parameter_constraints,
    validate_params,
)
