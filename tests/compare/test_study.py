"""Studies: checked, resumable, repeatable anywhere, and honest about what failed."""

import base64
import datetime as dt
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from idic_lab import cli, compare
from idic_lab.compare import report
from idic_lab.compare.registry import METHODS
from idic_lab.compare.results import without_cost
from idic_lab.errors import LabError, UnknownName

SMALL = {
    "name": "small",
    "datasets": ["cdnow_sample"],
    "methods": ["k_means", "rfm_quintiles", "one_segment"],
    "k": 3,
    "seeds": 2,
    "criteria": ["holdout_value", "global_stability", "campaign_profit"],
    "effort": {"pairs": 1, "null_sets": 1, "null_pairs": 1, "customers": 300},
}


def run(study, folder, **options):
    return compare.compare(study, out=folder, tell=lambda line: None, progress=False, **options)


def assert_same(one, other):
    pd.testing.assert_frame_equal(without_cost(one.results), without_cost(other.results))


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    return run(SMALL, tmp_path_factory.mktemp("study"), command="idic-lab compare small.yaml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"methods": ["k_meens"]}, "Unknown method 'k_meens'. Did you mean 'k_means'"),
        ({"criteria": ["holdout_valu"]}, "Did you mean 'holdout_value'"),
        ({"datasets": ["cdnowsample"]}, "Unknown data set 'cdnowsample'. Did you mean 'cdnow_sample'"),
        ({"sedes": 3}, "Unknown key of a study 'sedes'. Did you mean 'seeds'"),
        ({"effort": {"pair": 3}}, "Did you mean 'pairs'"),
        ({"datasets": [{"name": "x", "simulate": {"seperation": 1}}]}, "Did you mean 'separation'"),
        ({"datasets": [{"name": "meridian", "basis": "need"}]}, "Did you mean 'needs'"),
        ({"attractiveness": {"weights": {"holdout": 1}}}, "Did you mean 'holdout_value'"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest_right_one(change, message):
    with pytest.raises(UnknownName, match=message.replace("(", r"\(")):
        compare.read(SMALL | change)


@pytest.mark.parametrize("change", [{"seeds": 0}, {"k": "five"}, {"methods": []}, {"effort": {"pairs": 0}}])
def test_a_value_that_cannot_be_used_is_refused(change):
    with pytest.raises(LabError):
        compare.read(SMALL | change)


def test_a_study_given_as_a_dict_may_hold_a_date():
    dated = {"name": "cdnow_sample", "calibration_end": dt.date(1997, 9, 30)}
    assert "1997-09-30" in compare.read(SMALL | {"datasets": [dated]}).text


def test_a_class_of_ones_own_can_be_entered_again_and_says_what_it_is():
    class Mine:
        """Segments of mine."""

        def __init__(self, n_clusters=2):
            self.n_clusters = n_clusters

        def fit(self, X, y=None):
            return self

    try:
        for _ in range(2):
            compare.method("mine")(Mine)
        entered = compare.get_method("mine")
    finally:
        METHODS.pop("mine")
    assert entered.factory(4, 0).n_clusters == 4 and entered.factory.__doc__ == "Segments of mine."


def test_the_studies_that_come_with_the_project_are_valid(pytestconfig):
    found = sorted((pytestconfig.rootpath / "studies").glob("*.yaml"))
    assert [path.stem for path in found] == ["quick", "recovery", "value_on_holdout", "worlds"]
    assert all(compare.read(path).datasets for path in found)


def test_results_are_one_long_table_with_a_row_for_what_did_not_apply(outcome):
    table = compare.read_table(outcome.folder / "results.parquet")
    pd.testing.assert_frame_equal(table, outcome.results)
    assert len(table.drop_duplicates(["dataset", "method", "k", "seed", "criterion", "measure"])) == len(table)
    skipped = table[table["criterion"] == "campaign_profit"]
    assert set(skipped["status"]) == {"not applicable"} and skipped["value"].isna().all()
    assert "no randomised campaign" in skipped["extra"].iloc[0]["reason"]


def test_every_row_says_what_its_cell_cost_and_where(outcome):
    cells = outcome.results.groupby(["method", "seed"])[["seconds", "memory_mb", "host"]].nunique()
    assert (cells == 1).all(axis=None)
    assert outcome.results["seconds"].gt(0).all() and outcome.results["memory_mb"].gt(20).all()


def test_a_method_without_a_number_of_segments_runs_once_per_seed(outcome):
    cells = outcome.results.drop_duplicates(["method", "k", "seed"])
    assert cells.groupby("method").size().to_dict() == {"k_means": 2, "one_segment": 2, "rfm_quintiles": 2}
    assert cells.loc[cells["method"] == "rfm_quintiles", "k"].isna().all()


def test_the_same_study_gives_the_same_table_again_and_in_two_processes(outcome, tmp_path):
    again = run(SMALL, tmp_path, jobs=2)
    assert_same(again, outcome)


def test_a_second_call_computes_nothing(outcome):
    again = run(SMALL, outcome.folder, command="idic-lab compare small.yaml")
    assert (again.computed, again.reused) == (0, 6)
    assert_same(again, outcome)


def test_a_changed_method_recomputes_only_itself(tmp_path):
    def registered(threshold):
        source = (
            "from idic_lab.compare import method\n"
            "from sklearn.cluster import Birch\n"
            "@method('mine')\n"
            f"def mine(k, seed): return Birch(threshold={threshold}, n_clusters=k)\n"
        )
        (tmp_path / "mine.py").write_text(source)
        (tmp_path / "study.yaml").write_text(
            json.dumps(SMALL | {"modules": ["mine.py"], "methods": ["mine", "k_means"]})
        )
        return run(tmp_path / "study.yaml", tmp_path / "out", jobs=1)

    try:
        assert registered(0.4).computed == 4
        changed = registered(0.7)
        assert (changed.computed, changed.reused) == (2, 2)
    finally:
        METHODS.pop("mine", None)


def study_in(folder, module, methods=("mine",), helper=None, **changes):
    """A study whose module stands beside it, run in a folder of its own."""
    (folder / "mine.py").write_text(module)
    if helper is not None:
        (folder / "helping.py").write_text(helper)
    given = SMALL | {"modules": ["mine.py"], "methods": list(methods), "criteria": ["sizes"], "seeds": 1} | changes
    (folder / "study.yaml").write_text(json.dumps(given))
    try:
        return run(folder / "study.yaml", folder / "out", jobs=changes.get("jobs", 1))
    finally:
        METHODS.pop("mine", None)


OWN_CLASS = """
from helping import WIDTH
from idic_lab.compare import method
import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin

SHIFT = {shift}


@method("mine")
class Halves(ClusterMixin, BaseEstimator):
    def __init__(self, n_clusters=2, random_state=None):
        self.n_clusters, self.random_state = n_clusters, random_state

    def fit(self, X, y=None):
        self.labels_ = self.predict(X)
        return self

    def predict(self, X):
        return (np.asarray(X)[:, 0] > SHIFT * WIDTH).astype(int)
"""


def test_a_changed_constant_or_helper_of_the_study_makes_its_cells_anew(tmp_path):
    first = study_in(tmp_path, OWN_CLASS.format(shift=0.1), helper="WIDTH = 1\n")
    assert first.computed == 1 and first.failed == 0
    assert study_in(tmp_path, OWN_CLASS.format(shift=0.1)).reused == 1
    moved = study_in(tmp_path, OWN_CLASS.format(shift=0.9))
    assert moved.computed == 1 and not moved.results["value"].equals(first.results["value"])
    helped = study_in(tmp_path, OWN_CLASS.format(shift=0.9), helper="WIDTH = 2\n")
    assert helped.computed == 1
    assert "WIDTH = 2" in helped.report.read_text() and "helping" not in sys.modules


def test_a_class_of_the_study_travels_to_other_processes(tmp_path):
    (tmp_path / "mine.py").write_text(OWN_CLASS.format(shift=0.1))
    (tmp_path / "helping.py").write_text("WIDTH = 1\n")
    study = SMALL | {"modules": ["mine.py"], "methods": ["mine"], "criteria": ["sizes"], "seeds": 2}
    (tmp_path / "study.yaml").write_text(json.dumps(study))
    try:
        found = run(tmp_path / "study.yaml", tmp_path / "out", jobs=2)
    finally:
        METHODS.pop("mine", None)
    assert (found.computed, found.failed) == (2, 0)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            "from idic_lab.compare import method\n@method('k_means')\ndef f(k, seed): return None\n",
            "has a method 'k_means'",
        ),
        ("from idic_lab.compare import method\n@method('mine')\ndef f(k, seed): return 3\n", "estimator with fit"),
        ("from idic_lab.compare import method\n@method('mine')\ndef f(k, seed): return K\n", "'K' is not defined"),
        ("import nothing_of_the_kind\n", "cannot be run: ModuleNotFoundError"),
        (
            "from idic_lab.compare import criterion\n@criterion('sizes')\ndef f(s): return 1.0\n",
            "has a criterion 'sizes'",
        ),
    ],
)
def test_what_is_wrong_with_a_module_is_said_before_the_data_are_read(tmp_path, monkeypatch, module, message):
    monkeypatch.setattr("idic_lab.compare.study.load", lambda spec: pytest.fail("the data were read"))
    with pytest.raises(LabError, match=message):
        study_in(tmp_path, module)
    assert compare.get_method("k_means").module == ""


def test_layout_and_versions_are_no_part_of_a_key(outcome, tmp_path, monkeypatch):
    from idic_lab.compare import registry, running

    assert registry.normalised("def f(x):\n    'Words.'\n    return x  # why\n") == registry.normalised(
        "def f(x):\n    pass\n    return (x)\n"
    )
    told = []
    monkeypatch.setattr(running, "version", lambda package: "99.0")
    command = "idic-lab compare small.yaml"
    again = compare.compare(SMALL, outcome.folder, command=command, tell=told.append, progress=False)
    assert again.computed == 0
    assert any("not 99.0" in line for line in told)


@pytest.mark.parametrize("change", [{"criteria": ["sizes"]}, {"methods": ["one_segment"]}])
def test_a_study_with_little_to_say_ends_in_a_report(tmp_path, change):
    assert run(SMALL | change, tmp_path).report.exists()


def test_a_study_of_nothing_but_failures_ends_in_a_report_that_begins_with_them(tmp_path):
    @compare.method("broken")
    def broken(k, seed):
        from sklearn.cluster import KMeans

        return KMeans(n_clusters=-1)

    try:
        page = run(SMALL | {"methods": ["broken"]}, tmp_path).report.read_text()
    finally:
        METHODS.pop("broken")
    assert page.index("What failed") < page.index("Results on")


def test_a_method_that_fails_is_named_with_the_reason_beside_the_scores(tmp_path):
    @compare.method("broken")
    def broken(k, seed):
        from sklearn.cluster import KMeans

        return KMeans(n_clusters=-1)

    try:
        page = run(SMALL | {"methods": ["broken", "k_means"]}, tmp_path).report.read_text()
    finally:
        METHODS.pop("broken")
    assert "Without a score by holdout value; global stability: broken (failed" in " ".join(page.split())
    assert ">segments</th>" in page


def test_a_new_criterion_leaves_the_finished_ones_alone(outcome, tmp_path):
    run(SMALL | {"criteria": ["holdout_value"]}, tmp_path)
    cell = next((tmp_path / "cells").glob("*.json"))
    before = json.loads(cell.read_text())["criteria"]["holdout_value"]
    run(SMALL, tmp_path)
    after = json.loads(cell.read_text())["criteria"]
    assert after["holdout_value"] == before and set(after) == set(SMALL["criteria"])


def test_a_method_that_fails_is_a_row_and_not_the_end(tmp_path):
    @compare.method("broken")
    def broken(k, seed):
        from sklearn.cluster import KMeans

        return KMeans(n_clusters=-1)

    try:
        found = run(SMALL | {"methods": ["broken", "one_segment"]}, tmp_path)
    finally:
        METHODS.pop("broken")
    failed = found.results[found.results["status"] == "failed"]
    assert set(failed["method"]) == {"broken"} and found.failed == 4
    assert "n_clusters" in failed["extra"].iloc[0]["reason"]
    assert "n_clusters" in found.report.read_text()


def test_the_report_says_how_to_make_it_again_and_needs_no_other_file(outcome):
    page = outcome.report.read_text()
    manifest = json.loads((outcome.folder / "manifest.json").read_text())
    for facts in manifest["datasets"].values():
        assert facts["fingerprint of what methods saw"] in page and facts["data fingerprint"] in page
    for package, number in manifest["versions"].items():
        assert f"{package} {number}" in page
    assert "idic-lab compare small.yaml" in page and "<svg" in page and "Nothing failed." in page
    assert "1, 2" in page
    assert 'src="' not in page
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{allowed}'" in page


def test_data_sets_of_one_simulated_world_count_as_one_and_only_the_first_is_shown_in_full(outcome, tmp_path):
    world = {"name": "calm", "note": "nothing happens", "simulate": {"n": 250, "seed": [1, 2]}}
    study = compare.read(SMALL | {"datasets": [world]})
    assert [spec["name"] for spec in study.datasets] == ["calm, seed 1", "calm, seed 2"]
    (known,) = outcome.results["dataset"].unique()
    names = ["calm, seed 1", "calm, seed 2", "wild, seed 1", "wild, seed 2", known]
    results = pd.concat([outcome.results.assign(dataset=name) for name in names])
    table = compare.statistics.scores_by_dataset(results, "holdout_value", "capture")
    assert set(table.index) == {"calm", "wild", known}
    manifest = json.loads((outcome.folder / "manifest.json").read_text())
    manifest["datasets"] = dict.fromkeys(names, manifest["datasets"][known])
    page = report.write(tmp_path, compare.read(SMALL), results, manifest).read_text()
    assert "drawn from 3 worlds" in page and "between seeds" in page
    assert "Results on calm, seed 1" in page and "Results on calm, seed 2" not in page
    assert "Over 3 worlds, by holdout value" in page


def test_the_report_is_written_for_a_reviewer(outcome):
    page = outcome.report.read_text()
    for heading in ("What was found", "What the criteria ask", "Statistics", "How to cite"):
        assert f">{heading}</h2>" in page
    assert "unit of replication" in page.lower() and "their segments held" in page
    figures_of, captions = page.count("<svg"), page.count("<figcaption>")
    assert figures_of == captions > 0
    first = page[page.index("<li>") :]
    assert first.startswith(
        "<li>By holdout value (share of all later spend, 0 to 1), 2 of 2 segmentations beat none; the best"
    )
    assert "corrected for choosing among 2" in first
    assert page.count("<td>higher</td>") + page.count("<td>lower</td>") == len(
        json.loads((outcome.folder / "manifest.json").read_text())["criteria"]
    )


def test_a_killed_study_keeps_every_finished_cell(outcome, tmp_path):
    study = tmp_path / "study.yaml"
    study.write_text(json.dumps(SMALL | {"seeds": 6}))
    command = [sys.executable, "-m", "idic_lab", "compare", str(study), "--jobs", "1", "--out", str(tmp_path / "out")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path)
    cells = tmp_path / "out" / "cells"
    deadline = time.monotonic() + 60
    while len(list(cells.glob("*.json")) if cells.exists() else []) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    finished = len(list(cells.glob("*.json")))
    assert finished >= 3 and process.returncode == -signal.SIGKILL
    again = run(study, tmp_path / "out")
    assert again.reused == finished and again.computed == 18 - finished
    first_seeds = again.results[again.results["seed"] <= 2].reset_index(drop=True)
    pd.testing.assert_frame_equal(without_cost(first_seeds), without_cost(outcome.results))


def test_a_dask_cluster_of_two_workers_gives_the_same_table(outcome, tmp_path):
    distributed = pytest.importorskip("distributed", reason="needs the extra [dask]")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        again = run(SMALL, tmp_path, scheduler=cluster.scheduler_address)
    assert_same(again, outcome)


def test_a_scheduler_that_does_not_answer_is_named(tmp_path):
    pytest.importorskip("distributed", reason="needs the extra [dask]")
    with pytest.raises(LabError, match="No Dask scheduler answers"):
        run(SMALL, tmp_path, scheduler="tcp://127.0.0.1:9")


def test_the_command_line_runs_a_study_and_names_its_report(tmp_path):
    study = tmp_path / "study.yaml"
    study.write_text(json.dumps(SMALL | {"methods": ["one_segment"], "seeds": 1}))
    result = CliRunner().invoke(cli.app, ["compare", str(study), "--jobs", "1", "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "1 cells computed" in result.output and (tmp_path / "out" / "report.html").exists()


def test_a_packet_rebuilds_the_identical_table_in_a_fresh_folder(tmp_path):
    """From an own file whose customers have names, a simulation, and an own method with a helper in a folder beside it."""
    rng = np.random.default_rng(3)
    dates = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 700, 900), unit="D")
    names = np.array([f"Amaryllis Featherstone {n}" for n in range(150)])[rng.integers(0, 150, 900)]
    sales = pd.DataFrame({"customer_id": names, "date": dates, "amount": rng.gamma(2, 20, 900).round(2)})
    sales.to_csv(tmp_path / "sales.csv", index=False)
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "helping.py").write_text("WIDTH = 1\n")
    (tmp_path / "mine.py").write_text(OWN_CLASS.format(shift=0.1).replace("from helping", "from parts.helping"))
    simulated = {"name": "simulated", "simulate": {"n": 250, "seed": 2}}
    study = SMALL | {
        "datasets": [{"file": "sales.csv"}, simulated],
        "modules": ["mine.py"],
        "methods": ["mine", "k_means"],
    }
    (tmp_path / "study.yaml").write_text(json.dumps(study | {"criteria": ["holdout_value", "sizes"], "seeds": 1}))
    try:
        run(tmp_path / "study.yaml", tmp_path / "out", packet=tmp_path / "mine.zip")
    finally:
        METHODS.pop("mine", None)
    fresh = tmp_path / "fresh"
    with zipfile.ZipFile(tmp_path / "mine.zip") as packed:
        assert not [name for name in packed.namelist() if b"Featherstone" in packed.read(name)]
        packed.extractall(fresh)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, str(fresh / "mine" / "rebuild.py")]

    def rebuilt():
        return subprocess.run(command, capture_output=True, text=True, cwd=fresh, env=environment, check=False)

    done = rebuilt()
    assert done.returncode == 0 and "is identical" in done.stdout, done.stdout + done.stderr
    assert "numpy==" in (fresh / "mine" / "environment.lock").read_text()
    readme = (fresh / "mine" / "README.md").read_text()
    assert "## Data availability" in readme and "simulated by the software" in readme
    software = fresh / "mine" / "software" / "idic_lab" / "compare" / "criteria" / "of_use.py"
    software.write_text(software.read_text().replace("TOP = 0.2", "TOP = 0.3"))
    done = rebuilt()
    assert done.returncode == 1 and "values differ" in done.stdout
