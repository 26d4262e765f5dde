"""The report of a study: one page with tables, vector figures and all that is needed to run it again."""

import base64
import hashlib
import io
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pandas as pd

from idic_lab import durability, figures
from idic_lab.compare import plots
from idic_lab.compare.registry import baselines
from idic_lab.compare.stability import preferred_number, verdicts
from idic_lab.compare.statistics import (
    ENOUGH_DATA_SETS,
    against_best,
    against_none,
    against_none_everywhere,
    attractiveness,
    friedman,
    left_out,
    scores_by_dataset,
)
from idic_lab.compare.study import Study
from idic_lab.errors import needs_extra
from idic_lab.inference import intervals
from idic_lab.inference.multiple_tests import written

MOST_DRAWN = 20  # segments in one figure
MOST_DESCRIPTORS = 3  # of each kind, those that differ most
TEMPLATES = Path(__file__).parent / "templates"
OF_USE = ("campaign_profit", "holdout_value")  # what says whether any segmentation beats none; money first


def write(folder: Path, study: Study, results: pd.DataFrame, manifest: dict) -> Path:
    """Write ``report.html`` into the folder of a study.

    Parameters:
        results: The long table.
        manifest: Fingerprints, versions, seeds, command.
    Returns:
        Path: Of the page. It needs nothing but a browser.
    """
    import matplotlib as mpl

    kinds = verdicts(results)
    script = (TEMPLATES / "tables.js").read_text(encoding="utf-8")
    with mpl.rc_context():
        figures.use_style()
        page = (
            templates()
            .get_template("study.html")
            .render(
                manifest=manifest,
                datasets=[_dataset(name, study, results, kinds) for name in manifest["datasets"]],
                everywhere=list(_everywhere(results)),
                comparisons=list(_over_datasets(study, results)),
                script=script,
                script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
                all_scores=all_scores(results, study.criteria),
                failures=_reasons(results, "failed"),
                skipped=_reasons(results, "not applicable"),
                transfers=_transfers(results),
                criteria=study.criteria,
                methods=[(method.name, _one_line(method)) for method in study.methods],
                statistics=_texts()["statistics"],
                sources=_texts()["sources"],
            )
        )
    path = folder / "report.html"
    durability.write(path, page)
    return path


@cache
def _texts() -> dict:
    """What the page says in words, beside its template."""
    yaml = needs_extra("yaml", "workbench")
    return yaml.safe_load((TEMPLATES / "study.yaml").read_text(encoding="utf-8"))


def _caption(figure: str) -> str:
    return _texts()["captions"][figure]


def templates():
    """The pages beside this module, to be filled."""
    jinja2 = needs_extra("jinja2", "workbench")
    made = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    made.filters["rows"] = lambda table: (
        [None if pd.isna(value) else value for value in row] for row in table.itertuples(index=False)
    )
    made.filters["named"] = plots.named
    made.filters["p"] = lambda value: (lambda told: told if told[0] == "<" else f"= {told}")(written(value, 4))
    return made


def score_table(results: pd.DataFrame, criteria, dataset: str) -> pd.DataFrame:
    """Methods in rows, criteria in columns: the mean of each criterion's main value over seeds, for one data set.

    Where a method ran with several numbers of segments, the mean over them. The baselines come last. A criterion that
    these data could not be judged by has an empty column.

    >>> from idic_lab.compare import get_criterion
    >>> rows = [("d", method, "holdout_value", "capture", value) for method, value in (("one_segment", 0.2), ("ward", 0.6))]
    >>> results = pd.DataFrame(rows, columns=["dataset", "method", "criterion", "measure", "value"])
    >>> score_table(results, [get_criterion("holdout_value")], "d")["holdout_value"].to_dict()
    {'ward': 0.6, 'one_segment': 0.2}
    """
    columns = {}
    here = results[results["dataset"] == dataset]
    for criterion in criteria:
        found = here[(here["criterion"] == criterion.name) & (here["measure"] == criterion.main)]
        columns[criterion.name] = found.groupby("method")["value"].mean()
    order = sorted(here["method"].drop_duplicates(), key=lambda name: name in baselines())
    return pd.DataFrame(columns).reindex(order).dropna(how="all")


def all_scores(results: pd.DataFrame, criteria) -> pd.DataFrame:
    """Every method on every data set by the main value of every criterion, with its range over seeds and what it cost."""
    main = results[results["measure"].eq(results["criterion"].map({c.name: c.main for c in criteria}))]
    cells = main.groupby(["dataset", "method", "k", "criterion"], dropna=False, sort=False)
    table = cells.agg(
        value=("value", "mean"),
        lowest=("value", "min"),
        highest=("value", "max"),
        seeds=("seed", "nunique"),
        seconds_a_cell=("seconds", "mean"),
        megabytes=("memory_mb", "max"),
    )
    return table.reset_index()


def range_over_seeds(results: pd.DataFrame, criteria, dataset: str) -> dict[tuple[str, str], tuple[float, float]]:
    """Lowest and highest main value of each method and criterion over the seeds; for those that differ in two decimals."""
    here = results[results["dataset"] == dataset]
    found = {}
    for criterion in criteria:
        mine = here[(here["criterion"] == criterion.name) & (here["measure"] == criterion.main)]
        by_seed = mine.groupby(["method", "seed"])["value"].mean()
        for method, values in by_seed.groupby("method"):
            low, high = (round(float(value), 2) + 0.0 for value in (values.min(), values.max()))
            if high > low:
                found[method, criterion.name] = (low, high)
    return found


def _one_line(method) -> str:
    """The first line of what a method says of itself."""
    return ((method.factory.__doc__ or "").strip().splitlines() or [""])[0]


def svg(ax) -> str:
    """A figure as SVG for a page; its ids made unique, so that several figures share one page."""
    import matplotlib.pyplot as plt

    figure = ax if hasattr(ax, "savefig") else ax.get_figure()
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    plt.close(figure)
    found = text.getvalue()
    svg.count += 1
    found = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>f{svg.count}-", found[found.index("<svg") :])
    return re.sub(r'<svg ([^>]*?)width="[^"]*" height="[^"]*"', r"<svg \1", found, count=1)


svg.count = 0


def _dataset(name: str, study: Study, results: pd.DataFrame, kinds: pd.DataFrame) -> dict:
    """Tables and figures of one data set."""
    scores = score_table(results, study.criteria, name).dropna(axis=1, how="all")
    here = results[results["dataset"] == name]
    mine = kinds[kinds["dataset"] == name]
    figures_of = []
    if len(mine):
        figures_of.append(
            ("Stability beside data without segments", svg(plots.plot_stability(mine)), _caption("stability"))
        )
    curves = gain_curves(here)
    if set(curves) - set(baselines()):
        drawn = svg(plots.plot_gain(curves, baselines()))
        figures_of.append(("Gain curve", drawn, _caption("gain") + _left_out(results, "holdout_value", name)))
    compared = [c for c in study.criteria if c.name in scores and c.name != "sizes"]
    segmented = scores.drop(index=list(baselines()), errors="ignore")
    ranks = segmented[[c.name for c in compared if c.name not in ("profile", "descriptors")]].dropna(axis=1, how="all")
    low = [c.name for c in compared if not c.higher_is_better and c.name in ranks]
    if ranks.shape[1] > 1 and len(ranks.dropna()) > 2:
        figures_of.append(("Rank reversals", svg(plots.plot_rank_reversal(ranks, low)), _caption("ranks")))
    matrix, figure = _attractive(segmented[[c.name for c in compared]], study)
    if figure:
        title = "Attractiveness matrix, with sensitivity to the weights"
        figures_of.append((title, figure, _caption("attractiveness")))
    judged_by = next((c.name for c in compared if c.name in (*OF_USE, "recovery", "global_stability")), None)
    if judged_by and len(segmented):
        seconds = here.drop_duplicates(["method", "k", "seed"]).groupby("method")["seconds"].mean()
        drawn = svg(plots.plot_cost(segmented[judged_by].dropna(), seconds, judged_by))
        figures_of.append(("Quality against time", drawn, _caption("cost") + _left_out(results, judged_by, name)))
    best = _shown_closely(here, list(matrix["method"]) if matrix is not None else list(segmented.index))
    if best:
        figures_of += list(_of_segments(here[here["method"] == best], best))
    tried = here[here["criterion"].eq("campaign_profit") & here["measure"].eq("by_segment") & here["status"].eq("ok")]
    if len(tried):
        drawn = svg(plots.plot_rule(tried["extra"].iloc[0]["rule"]))
        figures_of.append(("The best rule of two questions on whom to contact", drawn, _caption("rule")))
    none = {criterion: against_none(results, name, criterion) for criterion in OF_USE}
    return {
        "name": name,
        "scores": scores,
        "segments": here[here["measure"] == "segments"].groupby("method")["value"].mean().to_dict(),
        "baselines": list(baselines()),
        "none": {criterion: table for criterion, table in none.items() if len(table)},
        "missing": {c.name: left_out(results[results["dataset"] == name], c.name) for c in study.criteria},
        "best": {
            c.name: segmented[c.name].max() if c.higher_is_better else segmented[c.name].min()
            for c in study.criteria
            if c.name in scores
        },
        "ranges": range_over_seeds(results, study.criteria, name),
        "found": [*_beats_none(none), *_effects(here), *_found(segmented, compared, matrix, mine)],
        "kinds": mine.drop(columns="dataset"),
        "numbers": preferred_number(mine).drop(columns="dataset") if len(study.k) > 1 else None,
        "figures": figures_of,
        "pairs": {criterion: pairs for criterion in OF_USE if len(pairs := against_best(results, name, criterion))},
    }


def _everywhere(results: pd.DataFrame) -> Iterator[str]:
    """What holds over the data sets of a study, in sentences."""
    name = plots.named
    for criterion in OF_USE:
        table = against_none_everywhere(results, criterion)
        if table.empty:
            continue
        best, beyond = table.iloc[0], int((table["low"] > 0).sum())
        yield (
            f"Over {best['datasets']} data sets, by {name(criterion)}, {beyond or 'none'} of {len(table)} segmentations can be told "
            f"from none; the best, {name(best['method'])}, gains {best['gain']:+.2f} on average (95% interval of the mean over such "
            f"data sets {best['low']:+.2f} to {best['high']:+.2f}, corrected for {len(table)} methods)."
        )
    means = results[results["criterion"] == "campaign_profit"].groupby(["dataset", "measure"])["value"].mean().unstack()  # noqa: PD010
    means = means.dropna(subset=["by_tree"]) if "by_tree" in means else means[:0]
    if len(means) >= 3:
        beyond = means["by_tree"] - means[["everybody", "nobody"]].max(axis=1)
        found = intervals.mean(beyond)
        yield (
            f"A rule of two questions on what was known before the campaign earns {found.value:+.2f} a customer beyond the better of "
            f"contacting everybody and nobody ({found.low:+.2f} to {found.high:+.2f} over {len(beyond)} data sets)."
        )


def _beats_none(none: dict[str, pd.DataFrame]) -> Iterator[str]:
    """Whether any segmentation beats none, by each criterion that says so."""
    name = plots.named
    told = False
    for criterion, table in none.items():
        if table.empty:
            continue
        told = True
        best, of = table.iloc[0], f", corrected for choosing among {len(table)}" if len(table) > 1 else ""
        interval = f"95% interval {best['low']:+.2f} to {best['high']:+.2f}{of}"
        beyond = table.loc[table["low"] > 0, "method"]
        gain = f"{name(best['method'])} gains {best['gain']:+.2f} over no segments ({interval})"
        yield (
            f"By {name(criterion)}, {len(beyond)} of {len(table)} segmentations beat none: {gain}."
            if len(beyond)
            else f"By {name(criterion)}, no segmentation can be told from none; the best, {gain}."
        )
    if not told:
        yield "Whether any segmentation beats none was not asked: no criterion of use (campaign profit, holdout value) applied."


def _effects(here: pd.DataFrame) -> Iterator[str]:
    """Whether the campaign did more for some customers than for others, and what a rule to read earned."""
    mean = here[here["criterion"] == "campaign_profit"].groupby("measure")["value"].mean()
    if "effects_differ_p" not in mean:
        return
    # Each seed divides the same customers anew, and twice the mean of p values is one, however they hang together.
    p = min(1.0, 2 * mean["effects_differ_p"]) if len(set(here["seed"])) > 1 else mean["effects_differ_p"]
    told = "differ between customers" if p < 0.05 else "cannot be shown to differ between customers"
    yield (
        f"Effects of the campaign {told} (calibration test, p {'' if p < 0.0001 else '= '}{written(p, 4)}); a rule of two "
        f"questions earns {mean['by_tree']:.2f} a customer ({mean['by_tree_low']:.2f} to {mean['by_tree_high']:.2f}), contact of "
        f"everybody {mean['everybody']:.2f}, of nobody {mean['nobody']:.2f}."
    )


def _left_out(results: pd.DataFrame, criterion: str, dataset: str | None = None) -> str:
    here = results if dataset is None else results[results["dataset"] == dataset]
    missing = left_out(here, criterion)
    named = "; ".join(f"{plots.named(method)} ({reason})" for method, reason in missing.items())
    return f" Left out: {named}." if named else ""


def _found(scores, criteria, matrix, kinds) -> Iterator[str]:
    """What a reader should take from one data set, in sentences."""
    name = plots.named
    for criterion in criteria:
        if criterion.name in ("holdout_value", "global_stability") and scores[criterion.name].notna().any():
            best = scores[criterion.name].idxmax()
            yield f"Best by {name(criterion.name)}: {name(best)}, {scores.loc[best, criterion.name]:.2f}."
    if matrix is not None and not matrix["out"].iloc[0]:
        first = matrix.iloc[0]
        yield f"First by the weights given: {name(first['method'])}; under random weights too in {first['first_share']:.0%}."
    judged = kinds["verdict"].value_counts().drop("by rule", errors="ignore")
    if len(judged):
        yield f"Kinds of segments: {', '.join(f'{count} {kind}' for kind, count in judged.items())}."


def _shown_closely(here: pd.DataFrame, by_merit: list[str]) -> str | None:
    """The most attractive method whose segments are few enough to be drawn one by one, and more than one."""
    sizes = here[here["measure"] == "segments"].groupby("method")["value"].mean()
    drawn = [name for name in by_merit if 2 <= sizes.get(name, 2) <= MOST_DRAWN]
    return next(iter(drawn or by_merit), None)


def gain_curves(here: pd.DataFrame) -> dict[str, list[float]]:
    """Share of later spend by share of customers, best segments first, of each method as a mean over seeds.

    >>> gain_curves(pd.DataFrame({"method": ["ward"], "criterion": "holdout_value", "measure": "capture", "extra": [{"gain": [0, 1]}]}))
    {'ward': [0.0, 1.0]}
    """
    found = here[here["criterion"].eq("holdout_value") & here["measure"].eq("capture")]
    return {
        method: pd.DataFrame([extra["gain"] for extra in group["extra"]]).mean().tolist()
        for method, group in found.groupby("method", sort=False)
    }


def _attractive(scores: pd.DataFrame, study: Study):
    settings = study.attractiveness
    weights = {name: w for name, w in (settings.get("weights") or {}).items() if name in scores}
    knock = {name: bound for name, bound in (settings.get("knock_out") or {}).items() if name in scores}
    if not weights:
        weights = {name: 1.0 for name in scores if name not in ("internal_indices", "profile")}
    used = scores[list(dict.fromkeys([*weights, *knock]))]
    if used.shape[1] < 2 or not any(weights.values()):
        return None, None
    used = used.dropna(how="all")
    if used.empty:
        return None, None
    low = [c.name for c in study.criteria if not c.higher_is_better and c.name in used]
    matrix = attractiveness(used, weights, knock, low)
    return matrix, svg(plots.plot_attractiveness(used, matrix, low))


def _of_segments(mine: pd.DataFrame, method: str) -> Iterator[tuple[str, str, str]]:
    """Figures of the segments of one method: its first seed, its largest number of segments."""
    ok = mine[mine["status"] == "ok"]
    first = ok[(ok["seed"] == ok["seed"].min()) & (ok["k"].isna() | (ok["k"] == ok["k"].max()))]
    extra = {name: group["extra"].iloc[0] for name, group in first.groupby("criterion")}
    title = plots.named(method)
    structure, segments = extra.get("structure", {}), extra.get("segment_stability", {})
    for variant in ("book", "flexclust"):
        if f"gorge_{variant}" in structure:
            drawn = svg(plots.plot_gorge(structure[f"gorge_{variant}"], variant))
            yield f"Gorge plot of {title} ({variant})", drawn, _caption("gorge")
    if "jaccard" in segments:
        figure = plots.plot_within(segments["jaccard"], segments.get("null_strongest"))
        yield f"Segment-level stability within solutions (SLSW) of {title}", svg(figure), _caption("within")
    counts = ["number", "segment", "from_segment", "customers"]
    flows = pd.DataFrame(segments.get("tree", []), columns=[*counts, "stability"]).astype(
        dict.fromkeys(counts, "int64")
    )
    if len(flows):
        drawn = svg(plots.plot_tree(flows))
        yield f"Segment-level stability across solutions (SLSA) of {title}", drawn, _caption("across")
    if "profile" in extra and "means" in extra["profile"]:
        yield f"Profile of {title}", svg(plots.plot_profile(extra["profile"])), _caption("profile")
    if "points" in structure:
        yield f"Separation plot of {title}", svg(plots.plot_separation(structure)), _caption("separation")
    yield from _of_descriptors(extra.get("descriptors", {}), title)


def _of_descriptors(extra: dict, title: str) -> Iterator[tuple[str, str, str]]:
    """Of the descriptors that differ most: mosaics and box plots; then the tree, and the evaluation that was asked for."""
    telling = sorted(extra.get("p_corrected", {}), key=extra.get("p_corrected", {}).get)
    for name in [name for name in telling if name in extra["mosaics"]][:MOST_DESCRIPTORS]:
        yield f"{name} by segment of {title}", svg(plots.plot_mosaic(extra["mosaics"][name], name)), _caption("mosaic")
    for name in [name for name in telling if name in extra["boxes"]][:MOST_DESCRIPTORS]:
        yield f"{name} by segment of {title}", svg(plots.plot_boxes(extra["boxes"][name], name)), _caption("boxes")
    if "question" in extra.get("tree", {}):
        yield f"Segments of {title} told by descriptors", svg(plots.plot_rule(extra["tree"])), _caption("tree")
    if "evaluation" in extra:
        drawn = svg(plots.plot_evaluation(extra["evaluation"]))
        yield f"Segment evaluation plot of {title}", drawn, _caption("evaluation")


def _over_datasets(study: Study, results: pd.DataFrame) -> Iterator[dict]:
    """Rank tests with the data set as the unit of replication, where there are enough of them."""
    if len(study.datasets) < ENOUGH_DATA_SETS:
        return
    for criterion in study.criteria:
        if criterion.name not in set(results["criterion"]) or criterion.name == "sizes":  # no merit
            continue
        table = scores_by_dataset(results, criterion.name, criterion.main)
        if table.shape[1] < 3 or len(table) < ENOUGH_DATA_SETS:
            continue
        figure = plots.plot_critical_difference(table, criterion.higher_is_better)
        yield {
            "name": criterion.name,
            "test": friedman(table),
            "figure": svg(figure),
            "caption": _caption("critical") + _left_out(results, criterion.name),
        }


def _reasons(results: pd.DataFrame, status: str) -> pd.DataFrame:
    """What failed or did not apply, and why, with how many cells it concerns."""
    found = results[results["status"] == status]
    reason = found["extra"].map(lambda extra: extra.get("reason", ""))
    table = found.assign(reason=reason).groupby(["criterion", "method", "dataset", "reason"], sort=False)
    return table.size().rename("cells").reset_index()


def _transfers(results: pd.DataFrame) -> list[str]:
    """Methods that cannot place new customers themselves, for whom the nearest neighbour did it."""
    used = results["extra"].map(lambda extra: extra.get("transfer") == "nearest neighbour")
    return sorted(results.loc[used, "method"].unique())
