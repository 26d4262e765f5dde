"""A study, the grading of a class, a simulation, and the list of a user's own data sets."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import nbformat
import pandas as pd

from idic_lab import datasets
from idic_lab.errors import DataError
from idic_lab.exercises.classroom import COURSE_ID, database, release
from idic_lab.exercises.course_folder import CourseFolder, grade_id, with_student_id
from kills import wholeness
from kills.kind import Kind
from kills.run_kinds import command

PROJECT = Path(__file__).resolve().parents[3]
STUDY = {
    "name": "small",
    "datasets": [{"name": "mine", "file": "orders.csv"}],
    "methods": ["rfm_quintiles", "k_means", "one_segment"],
    "k": [3],
    "seeds": 3,
    "criteria": ["holdout_value", "internal_indices", "global_stability"],
    "effort": {"pairs": 2, "null_sets": 1, "null_pairs": 1, "customers": 300},
}


class Study(Kind):
    name = "study"
    share = 2
    aims = ("out/cells/*.json", "out/.results.parquet*", "out/results.parquet", "out/manifest.json", "out/report.html")
    variants = ("new", "fewer seeds before")
    jobs = "1"

    def warm(self) -> None:
        cdnow = datasets.load("cdnow_sample", quiet=True).transactions
        customers = sorted(cdnow["customer_id"].unique())[:400]
        self.orders = cdnow[cdnow["customer_id"].isin(customers)][["customer_id", "date", "amount"]]

    def prepare(self, folder: Path, variant: str) -> None:
        self.orders.to_csv(folder / "orders.csv", index=False)
        if variant != "new":
            (folder / "study.yaml").write_text(json.dumps(STUDY | {"seeds": 1}))
            if self.work(folder):
                raise RuntimeError("The earlier study failed.")
        (folder / "study.yaml").write_text(json.dumps(STUDY))

    def work(self, folder: Path) -> int:
        os.environ["IDIC_LAB_HOME"] = str(folder / "home")
        return command("compare", "study.yaml", "--jobs", self.jobs, "--out", "out")

    def state(self, folder: Path) -> dict[str, object]:
        results = folder / "out" / "results.parquet"
        found = {"results": wholeness.fingerprint(pd.read_parquet(results))} if results.exists() else {}
        manifest = folder / "out" / "manifest.json"
        if manifest.exists():
            found["status"] = json.loads(manifest.read_text()).get("status")
        return found

    def check(self, folder: Path, before: dict, after: dict) -> list[str]:
        wrong, found = wholeness.broken_files(folder / "out"), self.state(folder)
        if found.get("results") not in (before.get("results"), after["results"], None):
            wrong.append("results.parquet is neither the old nor the new one")
        if found.get("status") == "complete" and found not in (before, after):
            wrong.append("the manifest says complete; the results are not those it speaks of")
        return wrong


class StudyInProcesses(Study):
    name = "study in two processes"
    share = 1
    jobs = "2"
    variants = ("new",)


class Grading(Kind):
    """Two students, one of whose notebooks must be mended first."""

    name = "grading of a class"
    share = 1
    aims = ("course/autograded/*/value/*", "course/submitted/*/value/*.partial", "course/gradebook.db-journal")
    variants = ("first", "again")
    questions = 1

    def warm(self) -> None:
        self.course = None

    def prepare(self, folder: Path, variant: str) -> None:
        root, source = folder / "course", PROJECT / "exercises"
        root.mkdir()
        for name in ("answers", "misconceptions"):
            shutil.copytree(source / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(source / "nbgrader_config.py", root)
        notebook = nbformat.read(source / "source" / "value" / "value.ipynb", as_version=4)
        names = [grade_id(cell) for cell in notebook.cells]
        notebook.cells = notebook.cells[: names.index(f"value_q0{self.questions}") + 1]
        (root / "source" / "value").mkdir(parents=True)
        nbformat.write(notebook, root / "source" / "value" / "value.ipynb")
        course = CourseFolder(root)
        release(course, "value")
        for student, file in (("model", "value"), ("mended", "my homework")):
            handed = with_student_id(course.notebook("value"), student)
            if student == "mended":
                handed.cells = [cell for cell in handed.cells if grade_id(cell) not in ("setup", "value_q01")]
            target = root / "submitted" / student / "value"
            target.mkdir(parents=True)
            nbformat.write(handed, target / f"{file}.ipynb")
        if variant == "again" and self.work(folder):
            raise RuntimeError("The earlier grading failed.")

    def work(self, folder: Path) -> int:
        os.environ["IDIC_LAB_HOME"] = str(folder / "home")
        return command("exercises", "grade", "value", "--course", "course", "--unsafe")

    def state(self, folder: Path) -> dict[str, object]:
        from nbgrader.api import Grade, Gradebook, SubmittedAssignment

        with Gradebook(database(CourseFolder(folder / "course")), COURSE_ID) as gradebook:
            found = {"submissions": gradebook.db.query(SubmittedAssignment).count()}
            found["grades"] = gradebook.db.query(Grade).count()
            for submission in gradebook.assignment_submissions("value"):
                found[f"points of {submission.student_id}"] = submission.score
        return found

    def check(self, folder: Path, before: dict, after: dict) -> list[str]:
        wrong = wholeness.broken_files(folder / "course" / "submitted")
        wrong += [line for line in wholeness.broken_files(folder / "course") if line.startswith("gradebook.db")]
        found = self.state(folder)
        for name in ("submissions", "grades"):
            if found[name] > after[name]:
                wrong.append(f"{found[name]} {name}, where there are {after[name]}")
        return wrong + [f"{name} are lost" for name in before if name not in found]

    def at_the_end(self, folder: Path, after: dict) -> list[str]:
        found = self.state(folder)
        wrong = [
            f"{name}: {found.get(name)}, undisturbed {after[name]}" for name in after if found.get(name) != after[name]
        ]
        wrong += wholeness.broken_files(folder / "course" / "submitted")
        return wrong + [f"{name} was left behind" for name in wholeness.leftovers(folder / "course")]


class Simulate(Kind):
    name = "datasets simulate"
    share = 18
    aims = ("sim*/**/*.part*", "sim/*.parquet", "sim/truth/*.parquet")
    variants = ("new", "over another")

    def prepare(self, folder: Path, variant: str) -> None:
        if variant != "new":
            command("datasets", "simulate", "--n", "200", "--seed", "8", "--out", "sim")

    def work(self, folder: Path) -> int:
        return command("datasets", "simulate", "--n", "200", "--seed", "9", "--out", "sim")

    def state(self, folder: Path) -> dict[str, object]:
        from idic_lab import meridian

        if not (folder / "sim").exists():
            return {}
        try:
            held = meridian.load_tables(folder / "sim")
        except DataError:  # says that it is not whole
            return {}
        found = {name: wholeness.fingerprint(table) for name, table in held.items()}
        truth = sorted((folder / "sim" / "truth").glob("*.parquet"))
        return found | {f"truth/{file.name}": wholeness.fingerprint(pd.read_parquet(file)) for file in truth}

    def check(self, folder: Path, before: dict, after: dict) -> list[str]:
        wrong = wholeness.broken_files(folder)
        if self.state(folder) not in ({}, before, after):
            wrong.append("the folder is read as whole, and is neither the old nor the new simulation")
        return wrong


class Add(Kind):
    name = "datasets add"
    share = 30
    aims = ("home/catalogue.json?*",)

    def prepare(self, folder: Path, variant: str) -> None:
        (folder / "orders.csv").write_text("customer_id,date,amount\na,2024-01-31,9.5\nb,2024-02-01,2\n")
        os.environ["IDIC_LAB_HOME"] = str(folder / "home")
        command("datasets", "add", "before", "orders.csv")

    def work(self, folder: Path) -> int:
        os.environ["IDIC_LAB_HOME"] = str(folder / "home")
        return command("datasets", "add", "mine", "orders.csv")

    def state(self, folder: Path) -> dict[str, object]:
        entries = json.loads((folder / "home" / "catalogue.json").read_text())
        return {name: Path(entry["path"]).name for name, entry in entries.items()}

    def at_the_end(self, folder: Path, after: dict) -> list[str]:
        left = [path.name for path in (folder / "home").iterdir() if path.name not in ("catalogue.json", ".lock")]
        return super().at_the_end(folder, after) + [f"{name} was left behind" for name in left]
