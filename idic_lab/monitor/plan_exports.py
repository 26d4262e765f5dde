"""The plan in the forms people work with: a spreadsheet, and a page."""

import re
from pathlib import Path

import pandas as pd

from idic_lab.errors import DataError

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(plan: pd.DataFrame) -> str:
    """The plan as CSV that a spreadsheet shows and never executes.

    Text that begins like a formula gets an apostrophe before it, after the advice of OWASP on CSV injection.

    >>> to_csv(pd.DataFrame({"tactic": ["=1+1", "call"], "cost": [-1.0, 2.0]}))
    "tactic,cost\\r\\n'=1+1,-1.0\\r\\ncall,2.0\\r\\n"
    """
    safe = plan.copy()
    safe.columns = [_neutral(str(name)) for name in plan.columns]
    for name, dtype in safe.dtypes.items():
        if not (pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_datetime64_any_dtype(dtype)):
            safe[name] = safe[name].map(lambda value: _neutral(value) if isinstance(value, str) else value)
    return safe.to_csv(index=False, lineterminator="\r\n", date_format="%Y-%m-%d")


def _neutral(text: str) -> str:
    return f"'{text}" if text.lstrip(" ").startswith(_STARTS_A_FORMULA) or text.startswith(_STARTS_A_FORMULA) else text


def to_markdown(plan: pd.DataFrame, currency: str = "") -> str:
    """The plan as a page: one section per action, amounts with their currency.

    >>> print(to_markdown(pd.DataFrame()))
    # Action plan
    <BLANKLINE>
    """
    unit = f" {currency}" if currency else ""
    parts = ["# Action plan", ""]
    for row in plan.itertuples():
        parts += [
            f"## {_plain(row.segment)}: {_plain(row.goal)}",
            "",
            f"- **Do:** {_plain(row.tactic)} (offer: {_plain(row.offer)}; channel: most often {_plain(row.channel)})",
            f"- **For:** {row.customers:,} customers, of whom {row.reachable:,} may be contacted{_unknown(row)}",
            f"- **Owner:** {_plain(row.owner)}",
            f"- **Measure:** {_plain(row.kpi)} ({_plain(row.unit)}), {_levels(row)}",
            f"- **When:** {row.starts:%Y-%m-%d}, reviewed on {row.review_date:%Y-%m-%d}",
            f"- **Money:** costs {row.cost:,.0f}{unit}, should return {row.expected_return:,.0f}{unit} ({row.basis}); so: {row.verdict}",
            "",
        ]
    return "\n".join(parts)


def _unknown(row) -> str:
    unknown = row.consent_unknown
    return f"; whether {unknown:,} more may, nobody has asked" if unknown else ""


def _levels(row) -> str:
    """Where a measure is and where it should go, shares in percent."""
    form = "{:.1%}" if row.unit.startswith("share") else "{:,.2f}"
    return f"from {form.format(row.baseline)} to {form.format(row.target)}"


def _plain(text: str) -> str:
    """Text without what Markdown or HTML would act upon."""
    return re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", " ".join(str(text).split()))


def export(plan: pd.DataFrame, folder: str | Path, currency: str = "") -> list[Path]:
    """Write ``action_plan.csv`` and ``action_plan.md`` into a folder, made when it is not there.

    >>> import tempfile
    >>> [path.name for path in export(pd.DataFrame(), tempfile.mkdtemp())]
    ['action_plan.csv', 'action_plan.md']
    """
    texts = {"action_plan.csv": to_csv(plan), "action_plan.md": to_markdown(plan, currency)}
    written = {Path(folder) / name: text for name, text in texts.items()}
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for path, text in written.items():
            path.write_bytes(text.encode("utf-8"))
    except OSError as error:
        raise DataError(f"The plan cannot be written to '{folder}': {error.strerror}.") from None
    return list(written)
