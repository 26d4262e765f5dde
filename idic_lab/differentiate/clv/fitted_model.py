"""A fitted model: parameters with their uncertainty, in the units of the data, and covariates that move them.

A covariate multiplies. One unit more of it makes a customer buy at a rate that is so many times as high (alpha divided by the
ratio), leave so many times as readily (beta of the Pareto/NBD divided by it; the odds a / b of the BG/NBD multiplied), or spend
so many times as much (gamma multiplied). The logarithm of the ratio is the coefficient of the literature.

Source: Fader & Hardie (2007), "Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models", note 019. Its
BG/NBD moves a and b by coefficients of their own, CLVTools both by the same, which leaves the mean a / (a + b) where it was.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from idic_lab.differentiate.clv.beta_geometric import BetaGeometric, BetaGeometricBetaBinomial
from idic_lab.differentiate.clv.contracts import ContractDuration
from idic_lab.differentiate.clv.gamma_mixtures import GammaGamma, ParetoNBD
from idic_lab.errors import DataError, FitError, UnknownName, pick

# A model of purchases answers for arrays of customers: `starts`, where a search begins (time and money in units of the mean);
# `log_likelihood`, the weighted sum with its gradient; `each`, that of every row, where parameters may differ from row to row;
# `alive`, the chance of being a customer at T; `rate_if_alive` and `expected_if_alive`, purchases after T of who is; `expected_new`,
# repeat purchases of a newcomer; `count_new` and `count_if_alive`, the chance of so many; `flags`, what a reader should know.
MODELS = {
    "bg_nbd": BetaGeometric(modified=False),
    "mbg_nbd": BetaGeometric(modified=True),
    "pareto_nbd": ParetoNBD(),
    "bg_bb": BetaGeometricBetaBinomial(),
    "gamma_gamma": GammaGamma(),
    "sbg": ContractDuration(ageing=False),
    "bdw": ContractDuration(ageing=True),
}
TITLES = {
    "bg_nbd": "BG/NBD",
    "mbg_nbd": "MBG/NBD",
    "pareto_nbd": "Pareto/NBD",
    "bg_bb": "BG/BB",
    "gamma_gamma": "Gamma-Gamma",
    "sbg": "Shifted beta-geometric",
    "bdw": "Beta-discrete-Weibull",
}
NORMAL_95 = 1.959963984540054
_SAVED = ("log_likelihood", "n_customers", "converged", "flags", "unit_days", "open")  # beside the parameters


@dataclass(repr=False, eq=False)
class FittedModel:
    """What `fit` returns.

    Attributes:
        model: "bg_nbd", "mbg_nbd", "pareto_nbd", "bg_bb", "gamma_gamma", "sbg" or "bdw".
        params_: Estimates, by name.
        covariance_: Of the estimates, from the inverse Hessian at the maximum; what is open is held where it was found.
        log_likelihood_: In the units of the data, without any penalty; None when the parameters were given.
        n_customers_: Customers the fit used (sum of weights); for Gamma-Gamma, repeat buyers.
        flags_ (list of str): What a reader should know before using the estimates; empty when there is nothing.
        unit_days_: Days in one unit of time, when known.
        open_ (list of str): Parameters that the data do not determine: at a limit, or along a ridge.

    >>> model = from_parameters("bg_nbd", r=0.243, alpha=4.414, a=0.793, b=2.426, unit_days=7)
    >>> model.title, model.unit_days_, float(from_json(model.to_json()).params_["alpha"])
    ('BG/NBD', 7.0, 4.414)
    """

    model: str
    params_: pd.Series
    covariance_: pd.DataFrame
    log_likelihood_: float | None
    n_customers_: float
    converged_: bool
    flags_: list = field(default_factory=list)
    unit_days_: float | None = None
    open_: list = field(default_factory=list)

    @property
    def standard_errors_(self) -> pd.Series:
        """Of the estimates; infinite where the data do not determine a parameter."""
        errors = np.where(self.params_.index.isin(self.open_), np.inf, np.sqrt(np.diag(self.covariance_)))
        return pd.Series(errors, index=self.params_.index, name="standard_error")

    @property
    def title(self) -> str:
        """The model's name as it is printed, "BG/NBD"."""
        return TITLES[self.model]

    @property
    def likelihood(self):
        """The object with this model's likelihood and expectations."""
        return MODELS[self.model]

    @property
    def theta(self) -> np.ndarray:
        """The estimates as an array, in the model's own order."""
        return self.params_.to_numpy(dtype=float)

    @property
    def covariates(self) -> list[tuple[str, str]]:
        """What each covariate acts on ("buying", "leaving", "spending"), and the column it stands in."""
        return [tuple(name.split(": ", 1)) for name in self.params_.index if ": " in name]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a summary that the model reads."""
        return (*self.likelihood.columns, *dict.fromkeys(column for _, column in self.covariates))

    @property
    def living_columns(self) -> tuple[str, ...]:
        """Those on which depends what a customer who is still one will do: all but the time of the last purchase."""
        frequency, _, *others = self.columns
        return (frequency, *others)

    def of(self, rows) -> list:
        """The parameters of the model as they hold for the customers in some rows: arrays where covariates move them."""
        theta = self.params_.to_dict()
        for process, column in self.covariates:
            name, sign = self.likelihood.effects[process]
            theta[name] = theta[name] * theta[f"{process}: {column}"] ** (sign * np.asarray(rows[column], float))
        return [theta[name] for name in self.likelihood.parameters]

    def given(self, **covariates: float) -> "FittedModel":
        """The model of one kind of customer, without covariates any more; those not named are 0.

        >>> model = from_parameters("bg_nbd", r=0.243, alpha=4.4, a=0.79, b=2.43, **{"buying: web": 2.0})
        >>> model.given(web=1).params_["alpha"]
        np.float64(2.2)
        """
        known = [column for _, column in self.covariates]
        for name in covariates:
            pick("covariate", name, known)
        names = self.likelihood.parameters
        moves = pd.DataFrame(np.eye(len(names), len(self.params_)), index=list(names), columns=self.params_.index)
        for process, column in self.covariates:
            name, sign = self.likelihood.effects[process]
            moves.loc[name, f"{process}: {column}"] = sign * covariates.get(column, 0.0)
        theta = np.exp(moves.to_numpy() @ np.log(self.theta))
        relative = (
            moves.to_numpy() @ (self.covariance_ / np.outer(self.theta, self.theta)).to_numpy() @ moves.T.to_numpy()
        )
        known = (self.n_customers_, self.converged_, self.flags_, self.unit_days_)
        left_open = moves.index[moves[self.open_].ne(0).any(axis=1)]
        return assemble(self.model, theta, relative * np.outer(theta, theta), None, *known, left_open)

    @property
    def aic(self) -> float:
        """Akaike's information criterion, of models fitted to the same customers: the lowest is to be preferred."""
        return 2 * len(self.params_) - 2 * self.log_likelihood_

    @property
    def bic(self) -> float:
        """The Bayesian information criterion, which asks more of a parameter the more customers there are."""
        return len(self.params_) * np.log(self.n_customers_) - 2 * self.log_likelihood_

    def summary(self) -> pd.DataFrame:
        """Estimates with standard errors and 95% intervals.

        Returns:
            DataFrame: ``parameter``, ``estimate``, ``standard_error``, ``low``, ``high``. The interval is symmetric for
                the logarithm of the parameter, so it stays positive. A covariate's estimate is a ratio: by how much the
                rate of buying, of leaving or the amount is multiplied for each unit of it.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            factor = np.exp(NORMAL_95 * self.standard_errors_ / self.params_)
        table = pd.DataFrame({"estimate": self.params_, "standard_error": self.standard_errors_})
        table = table.assign(low=self.params_ / factor, high=self.params_ * factor)
        return table.rename_axis("parameter").reset_index().astype({"parameter": "str"})

    def coefficients(self) -> pd.DataFrame:
        """The covariates as papers print them: the logarithm of each ratio, with a Wald test that it is 0.

        Returns:
            DataFrame: ``parameter``, ``coefficient``, ``standard_error``, ``z``, ``p_value``.
        """
        from scipy.special import ndtr

        ratios = self.params_[self.params_.index.str.contains(": ")]
        table = pd.DataFrame({"coefficient": np.log(ratios)})
        table["standard_error"] = self.standard_errors_[ratios.index] / ratios
        table["z"] = table["coefficient"] / table["standard_error"]
        table = table.assign(p_value=2 * ndtr(-table["z"].abs()))
        return table.rename_axis("parameter").reset_index().astype({"parameter": "str"})

    def _headline(self) -> str:
        unit = f", time in units of {self.unit_days_:g} days" if self.unit_days_ else ""
        if self.log_likelihood_ is None:
            return f"{self.title} with given parameters{unit}"
        fitted = f"fitted to {self.n_customers_:,.0f} customers{unit}"
        return f"{self.title} {fitted}; log-likelihood {self.log_likelihood_:,.3f}"

    def __repr__(self) -> str:
        table = self.summary().to_string(index=False, float_format=lambda value: f"{value:.5g}")
        return "\n".join([self._headline(), table, *(f"note: {flag}" for flag in self.flags_)])

    def _repr_html_(self) -> str:
        table = self.summary().to_html(index=False, border=0, float_format=lambda value: f"{value:.5g}")
        notes = "".join(f"<li>{flag}</li>" for flag in self.flags_)
        return f"<p>{self._headline()}</p>{table}" + (f"<ul>{notes}</ul>" if notes else "")

    def to_json(self, path=None) -> str:
        """The model as JSON text, also written to `path` when one is given; parameters by name, in whatever order."""
        saved = {"model": self.model, "parameters": self.params_.to_dict()}
        saved |= {"covariance": self.covariance_.to_dict("index")}
        saved |= {name: getattr(self, f"{name}_") for name in _SAVED}
        text = json.dumps(saved, indent=2)
        if path is not None:
            Path(path).write_text(text + "\n", encoding="utf-8")
        return text


def from_json(source) -> FittedModel:
    """A model saved with `FittedModel.to_json`, its parameters read by name.

    Parameters:
        source (str or path): A file name, or the JSON text itself.

    >>> model = from_parameters("pareto_nbd", r=0.55, alpha=10.6, s=0.61, beta=11.7)
    >>> from_json(model.to_json()).params_.to_dict()
    {'r': 0.55, 'alpha': 10.6, 's': 0.61, 'beta': 11.7}
    """
    text = str(source)
    if not text.lstrip().startswith("{"):
        try:
            text = Path(source).read_text(encoding="utf-8")
        except OSError as error:
            raise DataError(f"Cannot read the model file {str(source)!r}: {error.strerror}.") from None
    try:
        saved = json.loads(text)
        names = with_covariates(saved["model"], saved["parameters"])
        theta = np.array([float(saved["parameters"][name]) for name in names])
        covariance = np.array([[float(saved["covariance"][name][other]) for other in names] for name in names])
        rest = [saved[key] for key in _SAVED]
    except UnknownName:
        raise
    except (KeyError, TypeError, ValueError):
        raise DataError(f"{str(source)[:80]!r} does not hold a model saved with to_json.") from None
    return assemble(saved["model"], theta, covariance, *rest, names=names)


def from_parameters(model: str, *, unit_days: float | None = None, **parameters: float) -> FittedModel:
    """A model with parameters that are given, say in a paper, and not estimated.

    Parameters:
        model, unit_days: As in `fit`.
        **parameters (float): Every parameter of the model, by name, above 0; and ratios of covariates, as in
            ``**{"buying: web": 1.4}``. Standard errors are then 0, and the log-likelihood is None.

    >>> from_parameters("bg_nbd", r=0.243, alpha=4.414, a=0.793, b=2.426, unit_days=7).title
    'BG/NBD'
    """
    names = with_covariates(model, parameters)
    for name in parameters:
        if name not in names:
            raise UnknownName(f"{TITLES[model]} parameter", name, names)
    missing = [name for name in names if not parameters.get(name, 0) > 0]
    if missing:
        raise FitError(f"{TITLES[model]} needs a value above 0 for {', '.join(missing)}.")
    theta = np.array([float(parameters[name]) for name in names])
    return assemble(model, theta, np.zeros((len(names),) * 2), None, 0, True, [], unit_days, names=names)


def with_covariates(model: str, parameters) -> tuple[str, ...]:
    """The names of a model's parameters in order, followed by those of `parameters` that belong to a covariate."""
    likelihood = pick("model", model, MODELS)
    effects = getattr(likelihood, "effects", {})
    return (*likelihood.parameters, *(name for name in parameters if name.split(": ")[0] in effects and ": " in name))


def assemble(
    model, theta, covariance, log_likelihood, n_customers, converged, flags, unit_days, left_open=(), names=None
):
    """A FittedModel from plain arrays."""
    names = pd.Index(names or MODELS[model].parameters, dtype="str")
    return FittedModel(
        model=model,
        params_=pd.Series(theta, index=names, name="estimate"),
        covariance_=pd.DataFrame(covariance, index=names, columns=names),
        log_likelihood_=None if log_likelihood is None else float(log_likelihood),
        n_customers_=float(n_customers),
        converged_=bool(converged),
        flags_=list(flags),
        unit_days_=None if unit_days is None else float(unit_days),
        open_=list(left_open),
    )


def require(fitted: FittedModel, *kinds: str) -> FittedModel:
    """The model itself when it is of one of the kinds; else an error that names them."""
    if not isinstance(fitted, FittedModel):
        raise FitError(f"Expected a model fitted with clv.fit, found {type(fitted).__name__}.")
    if fitted.model not in kinds:
        raise FitError(f"{fitted.title} cannot do this; it takes one of {', '.join(TITLES[kind] for kind in kinds)}.")
    return fitted


def plain(fitted: FittedModel) -> FittedModel:
    """The model itself when it has no covariates; else an error that says how to name one kind of customer."""
    if fitted.covariates:
        column = fitted.covariates[0][1]
        raise FitError(f"This is asked of one kind of customer; say which, as in model.given({column}=1).")
    return fitted


class WithCovariates:
    """The likelihood of a model whose parameters move with covariates, which stand in `data` under their names.

    The last `pooled` of the ratios have logarithms that are normal around 0, with the standard deviations ``spread``.
    """

    def __init__(self, likelihood, pairs: Sequence[tuple[str, str]], start: np.ndarray, pooled: int = 0):
        self.base, self.pairs, self.start, self.spread = likelihood, pairs, start, np.ones(pooled)
        self.parameters = (*likelihood.parameters, *(f"{process}: {column}" for process, column in pairs))

    def starts(self, data):
        """Where the model without them has its top, with covariates that change nothing; and the model's own starts."""
        return [np.append(start, np.ones(len(self.pairs))) for start in (self.start, *self.base.starts(data))]

    def log_likelihood(self, theta, data):
        """Weighted sum of the log-likelihood, and its gradient by the model's parameters and the ratios."""
        own = len(self.base.parameters)
        here = list(theta[:own])
        moved = []
        for (process, column), ratio in zip(self.pairs, theta[own:], strict=True):
            name, sign = self.base.effects[process]
            place = self.base.parameters.index(name)
            moved.append((place, sign * data[column]))
            here[place] = here[place] * np.exp(np.log(ratio) * moved[-1][1])
        logs, gradient = self.base.each(here, data)
        by_log = gradient * data["weights"] * np.array([np.broadcast_to(part, logs.shape) for part in here])
        total = [*by_log.sum(axis=1), *(np.dot(by_log[place], by) for place, by in moved)]
        logarithms = np.log(theta[len(theta) - len(self.spread) :])
        drawn = np.append(np.zeros(len(theta) - len(self.spread)), logarithms / self.spread**2)
        value = np.dot(data["weights"], logs) - np.sum((logarithms / self.spread) ** 2) / 2
        return value, (np.array(total) - drawn) / theta

    def flags(self, theta):
        """Those of the model itself."""
        return self.base.flags(theta[: len(self.base.parameters)])


def named(model: str, likelihood, covariates: Sequence[str] | Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Pairs of a process and a column, each column acting on all that the model describes unless it is said on what."""
    effects = getattr(likelihood, "effects", None)
    if effects is None:
        raise FitError(f"{TITLES[model]} takes no covariates; fit it to each group of customers by itself.")
    if isinstance(covariates, str):
        raise DataError(f"covariates should be a list of columns, as in [{covariates!r}].")
    if not isinstance(covariates, Mapping):
        covariates = dict.fromkeys(effects, covariates)
    for process in covariates:
        pick("process that a covariate acts on", process, effects)
    return [(process, column) for process, columns in covariates.items() for column in columns]


def numbers(table: pd.DataFrame, columns: Sequence[str]) -> dict[str, np.ndarray]:
    """Covariates as arrays; an error where one is text, missing somewhere, or the same for everyone."""
    found = {}
    for name in columns:
        if name not in table.columns:
            near = UnknownName("column", name, table.columns)
            raise DataError(f"No covariate stands in the summary by this name. {near}")
        if not pd.api.types.is_numeric_dtype(table[name]):
            raise DataError(
                f"The covariate {name!r} should hold numbers, or True and False, found {table[name].dtype}; make a column of "
                f"each of its values but one, as in pandas.get_dummies(summary, columns=[{name!r}], drop_first=True)."
            )
        found[name] = table[name].to_numpy(dtype=float, na_value=np.nan)
        wrong = ~np.isfinite(found[name])
        if wrong.any():
            found_wrong = f"{int(wrong.sum()):,} missing or infinite values, the first at row {wrong.argmax()}"
            raise DataError(f"The covariate {name!r} has {found_wrong}.")
    return found


def standardised(columns: dict[str, np.ndarray], weight: np.ndarray, likelihood: WithCovariates):
    """Covariates with mean 0 and variance 1, and the matrix that takes log-parameters back to the covariates' own units."""
    base, back, told = likelihood.base, np.eye(len(likelihood.parameters)), dict(columns)
    pairs = likelihood.pairs[: len(likelihood.pairs) - len(likelihood.spread)]  # groups keep their own 0 and 1
    for place, (process, column) in enumerate(pairs, start=len(base.parameters)):
        mean = np.average(columns[column], weights=weight)
        spread = np.sqrt(np.average((columns[column] - mean) ** 2, weights=weight))
        if not spread > 1e-9 * max(abs(mean), 1e-300):
            raise DataError(
                f"The covariate {column!r} is the same for all customers: nothing can be said of its effect."
            )
        told[column] = (columns[column] - mean) / spread
        name, sign = base.effects[process]
        back[base.parameters.index(name), place] = -sign * mean / spread
        back[place, place] = 1 / spread
    return told, back


def likelihood_ratio(larger: FittedModel, smaller: FittedModel) -> pd.Series:
    """Whether covariates say anything: a likelihood-ratio test of a model against the same with fewer of them.

    Returns:
        Series: ``statistic`` (twice the difference of the log-likelihoods), ``degrees_of_freedom``, ``p_value``.

    Source: Wilks (1938), Annals of Mathematical Statistics 9(1).

    >>> from idic_lab import datasets
    >>> from idic_lab.differentiate import clv
    >>> summary = clv.summarise(datasets.load("cdnow_sample", quiet=True).transactions, "1997-09-30")
    >>> summary["even"] = summary["customer_id"].astype(int) % 2 == 0
    >>> test = clv.likelihood_ratio(clv.fit(summary, covariates=["even"]), clv.fit(summary))
    >>> int(test["degrees_of_freedom"]), bool(test["p_value"] > 0.05)
    (2, True)
    """
    from scipy.stats import chi2

    more = set(larger.params_.index) - set(smaller.params_.index)
    if larger.model != smaller.model or not more or set(smaller.params_.index) - set(larger.params_.index):
        raise FitError("A likelihood-ratio test compares a model with the same model that has fewer covariates.")
    if larger.n_customers_ != smaller.n_customers_:
        found = f"{larger.n_customers_:,.0f} and {smaller.n_customers_:,.0f}"
        raise FitError(f"Both models should be fitted to the same customers, found {found}.")
    statistic = max(2 * (larger.log_likelihood_ - smaller.log_likelihood_), 0.0)
    p_value = float(chi2.sf(statistic, len(more)))
    return pd.Series({"statistic": statistic, "degrees_of_freedom": len(more), "p_value": p_value})
