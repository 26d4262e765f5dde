"""The nbgrader course: run nbgrader's commands from this folder."""

from pathlib import Path

from nbconvert.preprocessors import ClearMetadataPreprocessor, CSSHTMLHeaderPreprocessor
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, GetGrades, LimitOutput, SaveAutoGrades

from idic_lab.exercises.nbgrader_steps import RunSubmission, ScoreAnswers, StripHiddenTests

here = Path(__file__).resolve().parent

c = get_config()  # noqa: F821  (nbgrader provides it)
c.CourseDirectory.course_id = "idic_lab"
c.CourseDirectory.root = str(here)
# Several submissions are graded at once; each waits for its turn to write.
c.CourseDirectory.db_url = f"sqlite:///{here / 'gradebook.db'}?timeout=120"

c.ClearSolutions.code_stub = {"python": "# Your code here"}
c.ClearSolutions.text_stub = "*Your answer here*"
c.OverwriteCells.add_missing_cells = True

# Submissions run within limits, shut in; their answers are scored outside.
c.RunSubmission.cell_seconds = 30
c.RunSubmission.course = str(here)
c.Autograde.autograde_preprocessors = [
    RunSubmission,
    ClearMetadataPreprocessor,
    LimitOutput,
    ScoreAnswers,
    SaveAutoGrades,
    AssignLatePenalties,
    CheckCellMetadata,
]
c.GenerateFeedback.force = True  # else whoever hands in again keeps the page of the time before
c.GenerateFeedback.preprocessors = [GetGrades, StripHiddenTests, CSSHTMLHeaderPreprocessor]

c.ExportPlugin.to = str(here / "grades.csv")
