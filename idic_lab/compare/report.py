"""The report of a study: one page with tables, vector figures and all that is needed to run it again."""

import base64
import hashlib
import io
import itertools
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pandas as pd

from idic_lab import durability, figures
from idic_lab.compare import plots, statistics
from idic_lab.compare.registry import baselines
from idic_lab.compare.stability import preferred_number, verdicts
from idic_lab.compare.study import Study
from idic_lab.errors import needs_extra
from idic_lab.inference.multiple_tests import written

MOST_DRAWN = 20  # segments in one figure
MOST_DESCRIPTORS = 3  # of each kind, those that differ most
TEMPLATES = Path(__file__).parent / "templates"
# No merits that a firm could weigh.
DESCRIBE = ("sizes", "structure", "internal_indices", "profile", "class_fit", "recovery")
OF_USE = ("campaign_profit", "holdout_value")  # what says whether any segmentation beats none; money first


def write(folder: Path, study: Study, results: pd.DataFrame, manifest: dict) -> Path:
    """Write ``report.html``, which needs nothing but a browser, into the folder of a study."""
    import matplotlib as mpl

    kinds, moved = verdicts(results), results["extra"].map(lambda extra: extra.get("transfer", ""))
    script = (TEMPLATES / "tables.js").read_text(encoding="utf-8")
    first: dict[str, str] = {}  # data set of each world
    for name in manifest["datasets"]:
        first.setdefault(statistics.world(name), name)
    gains = {name: table for name in OF_USE if len(table := statistics.against_none_everywhere(results, name))}
    with mpl.rc_context():
        figures.use_style()
        shown = {
            "manifest": manifest,
            "datasets": [_dataset(name, study, results, kinds) for name in first.values()],
            "gains": gains,
            "rule": _rule(results),
            "unit": "worlds" if len(first) < len(manifest["datasets"]) else "data sets",
            "judged": _judged(kinds),
            "kinds": _by_world(_judged(kinds), list(first)),
            "comparisons": list(_over_datasets(study, results)),
            "few": _too_few(results),
            "enough": statistics.ENOUGH_DATA_SETS,
            "nulls": study.effort.null_sets * len(study.seeds),
            "seconds": results.drop_duplicates(["dataset", "method", "k", "seed"])["seconds"].sum(),
            "script": script,
            "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            "all_scores": all_scores(results, study.criteria),
            "failed": int(results["status"].eq("failed").sum()),
            "failures": _lacking(results, "failed"),
            "skipped": _lacking(results, "not applicable"),
            "transfers": sorted(results.loc[moved.eq("nearest neighbour"), "method"].unique()),
            "criteria": study.criteria,
            "weighted": bool(study.attractiveness.get("weights")),
            "methods": [(one.name, (one.factory.__doc__ or "").strip().partition("\n")[0]) for one in study.methods],
        }
        page = templates().get_template("study.html").render(_texts() | shown)
    path = folder / "report.html"
    durability.write(path, page)
    return path


@cache
def _texts() -> dict:
    """What the page says in words, beside its template."""
    yaml = needs_extra("yaml", "workbench")
    return yaml.safe_load((TEMPLATES / "study.yaml").read_text(encoding="utf-8"))


def _caption(figure: str, results: pd.DataFrame | None = None, criterion: str = "") -> str:
    """The words below a figure, and whom it leaves out for lack of a score."""
    missing = {} if results is None else statistics.left_out(results, criterion)
    named = "; ".join(f"{plots.named(method)} ({reason})" for method, reason in missing.items())
    return _texts()["captions"][figure] + (f" Left out: {named}." if named else "")


def templates():
    """The pages beside this module, to be filled."""
    jinja2 = needs_extra("jinja2", "workbench")
    made = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    made.filters["rows"] = lambda table: (
        [None if pd.isna(value) else value for value in row] for row in table.itertuples(index=False)
    )
    made.filters["named"] = plots.named
    made.filters["capital"] = lambda text: text[:1].upper() + text[1:]
    made.filters["p"] = lambda value: (lambda told: told if told[0] == "<" else f"= {told}")(written(value, 4))
    return made


def _main(results: pd.DataFrame, criteria) -> pd.DataFrame:
    """The rows of the values by which methods are compared."""
    return results[results["measure"].eq(results["criterion"].map({c.name: c.main for c in criteria}))]


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
    here = results[results["dataset"] == dataset]
    found = _main(here, criteria).groupby(["method", "criterion"])["value"].mean().unstack("criterion")  # noqa: PD010
    order = sorted(here["method"].drop_duplicates(), key=lambda name: name in baselines())
    names = [criterion.name for criterion in criteria]
    return found.reindex(index=order, columns=names).rename_axis(columns=None).dropna(how="all")


def all_scores(results: pd.DataFrame, criteria) -> pd.DataFrame:
    """Every method on every data set by the main value of every criterion, with its range over seeds and what it cost."""
    cells = _main(results, criteria).groupby(["dataset", "method", "k", "criterion"], dropna=False, sort=False)
    table = cells.agg(
        value=("value", "mean"),
        lowest=("value", "min"),
        highest=("value", "max"),
        seeds=("seed", "nunique"),
        seconds_a_cell=("seconds", "mean"),
        megabytes=("memory_mb", "max"),
    )
    return table.reset_index()


def _ranges(here: pd.DataFrame, criteria) -> dict[tuple[str, str], tuple[float, float]]:
    """Lowest and highest main value of each method and criterion over the seeds; for those that differ in two decimals."""
    by_seed = _main(here, criteria).groupby(["method", "criterion", "seed"])["value"].mean()
    bounds = by_seed.groupby(["method", "criterion"]).agg(["min", "max"]).map(lambda x: round(float(x), 2) + 0.0)
    return {place: (low, high) for place, low, high in bounds.itertuples() if high > low}


_figures_drawn = itertools.count(1)


def svg(ax) -> str:
    """A figure as SVG for a page; its ids made unique, so that several figures share one page."""
    import matplotlib.pyplot as plt

    figure, text = ax.get_figure(), io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    plt.close(figure)
    found = text.getvalue()
    found = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>f{next(_figures_drawn)}-", found[found.index("<svg") :])
    return re.sub(r'<svg ([^>]*?)width="[^"]*" height="[^"]*"', r"<svg \1", found, count=1)


def _dataset(name: str, study: Study, results: pd.DataFrame, kinds: pd.DataFrame) -> dict:
    here, kinds = results[results["dataset"] == name], kinds[kinds["dataset"] == name]
    scores = score_table(here, study.criteria, name).dropna(axis=1, how="all")
    segmented = scores.drop(index=list(baselines()), errors="ignore")
    low = [c.name for c in study.criteria if not c.higher_is_better and c.name in scores]
    matrix, used = _attractive(segmented, study, low)
    none = {criterion: statistics.against_none(results, name, criterion) for criterion in OF_USE}
    sizes = here[here["measure"] == "segments"].groupby("method")["value"].mean()
    drawn = _figures(here, kinds, scores, low, matrix, used, sizes)
    return {
        "name": name,
        "scores": scores,
        "segments": sizes.to_dict(),
        "baselines": list(baselines()),
        "none": {criterion: table for criterion, table in none.items() if len(table)},
        "missing": _lacking(
            here[here["criterion"].isin(here.loc[here["status"] == "ok", "criterion"])], "not applicable", "failed"
        ),
        "best": {c: segmented[c].min() if c in low else segmented[c].max() for c in segmented},
        "ranges": _ranges(here, study.criteria),
        "effects": _effects(here),
        "first": None if matrix is None or matrix["out"].iloc[0] else matrix.iloc[0],
        "verdicts": _judged(kinds)["verdict"].value_counts().to_dict(),
        "kinds": kinds.drop(columns="dataset"),
        "classes": here[here["criterion"] == "class_fit"].pivot_table("value", "k", "measure").reset_index(),
        "numbers": preferred_number(kinds).drop(columns="dataset") if len(study.k) > 1 else None,
        "figures": [(title, svg(ax), caption) for title, ax, caption in drawn],
        "pairs": {
            criterion: pairs for criterion in OF_USE if len(pairs := statistics.against_best(results, name, criterion))
        },
    }


def _figures(here, kinds, scores, low, matrix, used, sizes) -> Iterator[tuple]:
    """Title, figure and caption: of the methods against each other, then of the segments of one of them."""
    segmented = scores.drop(index=list(baselines()), errors="ignore")
    if len(kinds):
        yield "Stability beside data without segments", plots.plot_stability(kinds), _caption("stability")
    curves = gain_curves(here)
    if set(curves) - set(baselines()):
        yield "Gain curve", plots.plot_gain(curves, baselines()), _caption("gain", here, "holdout_value")
    ranks = segmented.drop(columns=["sizes", "profile", "descriptors"], errors="ignore").dropna(axis=1, how="all")
    if ranks.shape[1] > 1 and len(ranks.dropna()) > 2:
        lower = [name for name in low if name in ranks]
        yield "Rank reversals", plots.plot_rank_reversal(ranks, lower), _caption("ranks")
    if matrix is not None:
        title = "Attractiveness matrix, with sensitivity to the weights"
        lower = [name for name in low if name in used]
        yield title, plots.plot_attractiveness(used, matrix, lower), _caption("attractiveness")
    judged_by = next((c for c in segmented if c in (*OF_USE, "recovery", "global_stability")), None)
    if judged_by and segmented[judged_by].notna().any():
        seconds = here.drop_duplicates(["method", "k", "seed"]).groupby("method")["seconds"].mean()
        figure = plots.plot_cost(scores[judged_by].dropna(), seconds, judged_by)
        yield "Quality against time", figure, _caption("cost", here, judged_by)
    by_merit = list(segmented.index) if matrix is None else list(matrix["method"])
    drawn = [name for name in by_merit if 2 <= sizes.get(name, 2) <= MOST_DRAWN]  # few enough, and more than one
    for best in (drawn or by_merit)[:1]:
        yield from _of_segments(here[here["method"] == best], plots.named(best))
    tried = here[here["criterion"].eq("campaign_profit") & here["measure"].eq("by_segment") & here["status"].eq("ok")]
    if len(tried):
        rule = plots.plot_rule(tried["extra"].iloc[0]["rule"])
        yield "The best rule of two questions on whom to contact", rule, _caption("rule")


def _rule(results: pd.DataFrame) -> dict | None:
    """What a rule of two questions earned beyond the better of contacting everybody and nobody, over three worlds or more."""
    means = results[results["criterion"] == "campaign_profit"].groupby(["dataset", "measure"])["value"].mean().unstack()  # noqa: PD010
    if "by_tree" not in means:
        return None
    means = means.dropna(subset=["by_tree"])
    beyond = means["by_tree"] - means[["everybody", "nobody"]].max(axis=1)
    differ = int((means["effects_differ_p"] * _times(results) < 0.05).sum())
    by_world = beyond.groupby(statistics.world).mean().sort_values()
    found = statistics.over_worlds(beyond.to_frame("rule")).to_dict("records")
    return found[0] | {"by_world": by_world, "differ": differ, "datasets": len(means)} if found else None


def _times(results: pd.DataFrame) -> int:
    """Each seed divides the same customers anew, and twice the mean of p values is one, however they hang together."""
    return 1 + (len(set(results["seed"])) > 1)


def _effects(here: pd.DataFrame) -> dict:
    """Whether the campaign did more for some customers than for others, and what a rule to read earned."""
    mean = here[here["criterion"] == "campaign_profit"].groupby("measure")["value"].mean().to_dict()
    return mean | {"p": min(1.0, _times(here) * mean["effects_differ_p"])} if "effects_differ_p" in mean else {}


def _judged(kinds: pd.DataFrame) -> pd.DataFrame:
    """The verdicts that a null reference gave on methods that compete, by world."""
    found = kinds[~kinds["verdict"].eq("by rule") & ~kinds["method"].isin(baselines())]
    return found.assign(world=found["dataset"].map(statistics.world))


def _by_world(judged: pd.DataFrame, worlds: list[str]) -> pd.DataFrame:
    """How many solutions of each method were of which kind."""
    by = judged.groupby(["world", "method"])["verdict"]
    told = by.agg(lambda found: ", ".join(f"{count} {kind}" for kind, count in found.value_counts().items())).unstack()  # noqa: PD010
    return told.reindex([name for name in worlds if name in told.index]).rename_axis(columns=None).reset_index()


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


def _attractive(scores: pd.DataFrame, study: Study, low: list[str]):
    """The attractiveness matrix and the scores it is made of; None twice where there are not two criteria."""
    asked = {part: study.attractiveness.get(part) or {} for part in ("weights", "knock_out")}
    weights, knock = ({name: x for name, x in part.items() if name in scores} for part in asked.values())
    weights = weights or {name: 1.0 for name in scores if name not in DESCRIBE}
    used = scores[list(dict.fromkeys([*weights, *knock]))].dropna(how="all")
    if used.shape[1] < 2 or not any(weights.values()) or used.empty:
        return None, None
    return statistics.attractiveness(used, weights, knock, [name for name in low if name in used]), used


def _of_segments(mine: pd.DataFrame, title: str) -> Iterator[tuple]:
    """Figures of the segments of one method: its first seed, its largest number of segments."""
    ok = mine[mine["status"] == "ok"]
    first = ok[(ok["seed"] == ok["seed"].min()) & (ok["k"].isna() | (ok["k"] == ok["k"].max()))]
    extra = {name: group["extra"].iloc[0] for name, group in first.groupby("criterion")}
    structure, segments = extra.get("structure", {}), extra.get("segment_stability", {})
    if "gorge_book" in structure:
        yield f"Gorge plot of {title}", plots.plot_gorge(structure["gorge_book"]), _caption("gorge")
    if "jaccard" in segments:
        figure = plots.plot_within(segments["jaccard"], segments.get("null_strongest"))
        yield f"Segment-level stability within solutions (SLSW) of {title}", figure, _caption("within")
    counts = ["number", "segment", "from_segment", "customers"]
    if segments.get("tree"):
        flows = pd.DataFrame(segments["tree"], columns=[*counts, "stability"]).astype(dict.fromkeys(counts, "int64"))
        yield f"Segment-level stability across solutions (SLSA) of {title}", plots.plot_tree(flows), _caption("across")
    if "means" in extra.get("profile", {}):
        yield f"Profile of {title}", plots.plot_profile(extra["profile"]), _caption("profile")
    if "points" in structure:
        yield f"Separation plot of {title}", plots.plot_separation(structure), _caption("separation")
    described = extra.get("descriptors", {})
    telling = sorted(described.get("p_corrected", {}), key=described.get("p_corrected", {}).get)
    for kind, part, plot in (("mosaic", "mosaics", plots.plot_mosaic), ("boxes", "boxes", plots.plot_boxes)):
        for name in [name for name in telling if name in described[part]][:MOST_DESCRIPTORS]:
            yield f"{name} by segment of {title}", plot(described[part][name], name), _caption(kind)
    if "question" in described.get("tree", {}):
        yield f"Segments of {title} told by descriptors", plots.plot_rule(described["tree"]), _caption("tree")
    if "evaluation" in described:
        figure = plots.plot_evaluation(described["evaluation"])
        yield f"Segment evaluation plot of {title}", figure, _caption("evaluation")


def _over_datasets(study: Study, results: pd.DataFrame) -> Iterator[dict]:
    """Rank tests with the data set as the unit of replication, where there are enough of them."""
    for criterion in study.criteria if len(study.datasets) >= statistics.ENOUGH_DATA_SETS else ():
        if criterion.name not in set(results["criterion"]) or criterion.name == "sizes":  # no merit
            continue
        table = statistics.scores_by_dataset(results, criterion.name, criterion.main)
        if table.shape[1] >= 3 and len(table) >= statistics.ENOUGH_DATA_SETS:
            figure = svg(plots.plot_critical_difference(table, criterion.higher_is_better))
            caption = _caption("critical", results, criterion.name)
            yield {"name": criterion.name, "test": statistics.friedman(table), "figure": figure, "caption": caption}


def _too_few(results: pd.DataFrame) -> dict[str, int]:
    """The criteria that were asked in too few worlds to compare ranks, and in how many they were."""
    ok = results[results["status"].eq("ok") & results["criterion"].ne("sizes")]
    worlds = ok["dataset"].map(statistics.world).groupby(ok["criterion"]).nunique()
    return worlds[worlds < statistics.ENOUGH_DATA_SETS].to_dict()


def _lacking(results: pd.DataFrame, *status: str) -> pd.DataFrame:
    """What has no score, and why: every reason once, with the criteria, methods and data sets it concerns."""

    def joined(names: pd.Series) -> str:
        return "; ".join(map(plots.named, names.map(statistics.world).unique()))

    found = results[results["status"].isin(status)]
    reason = found["status"] + found["extra"].map(lambda extra: f": {extra.get('reason', '').rstrip('.')}")
    by = found.assign(reason=reason).groupby(["reason", "criterion"], sort=False)
    table = by.agg(methods=("method", joined), data_sets=("dataset", joined)).reset_index()
    by = table.groupby(["methods", "data_sets", "reason"], sort=False)["criterion"].agg(joined).rename("criteria")
    return by.reset_index()
