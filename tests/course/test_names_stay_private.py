"""Names in any script are in no notebook, page or shared table of a run: not of a small one, not of one on large data."""

import json

import numpy as np
import pandas as pd
import pytest

from idic_lab.course.runs import forgetting, large_run
from idic_lab.course.runs.run import run
from idic_lab.datasets.own.words import looks_personal
from idic_lab.errors import DataError

NAMES = {
    "Hangul": ["김철수", "이영희", "박지성"],
    "kanji": ["山田太郎", "佐藤花子", "鈴木一郎"],
    "kana": ["さくらももこ", "タナカケン", "なかむらあい"],
    "Cyrillic": ["Иван Петров", "Анна Смирнова", "Олег Кузнецов"],
    "Greek": ["Νίκος Παππάς", "Ελένη Δήμου", "Γιάννης Ρίζος"],
    "Arabic": ["محمد علي", "فاطمة حسن", "يوسف كريم"],
    "Hebrew": ["דוד כהן", "רחל לוי", "משה פרץ"],
    "Thai": ["สมชาย ใจดี", "สุดา แก้วใส", "อนันต์ ทองคำ"],
    "Devanagari": ["राम शर्मा", "सीता वर्मा", "मोहन गुप्ता"],
    "Latin capitals": ["ADA LOVELACE", "ŽOFIE KUBÍKOVÁ", "JOSÉ PEÑA"],
}
EVERYBODY = [name for names in NAMES.values() for name in names]
SILENT = {"tell": lambda line: None}


@pytest.fixture(scope="module")
def orders():
    """Each person's orders over a year, some of a day, and a row whose columns are out of place."""
    rng = np.random.default_rng(3)
    rows = [
        (name, day, round(float(rng.gamma(2, 20)), 2))
        for name in EVERYBODY
        for day in pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 360, rng.integers(2, 9)), "D")
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "amount"]).sort_values("date", ignore_index=True)
    return frame.astype({"amount": "str", "date": "str"}).assign(order_id=range(len(frame)))


def told(folder):
    """The names that any file but the repository shows, as written or as JSON writes them."""
    texts = [
        path.read_bytes() for path in folder.rglob("*") if path.is_file() and not path.name.startswith("idic.duckdb")
    ]
    spelled = {name: {name.encode(), json.dumps(name)[1:-1].encode()} for name in EVERYBODY}
    return [name for name, ways in spelled.items() if any(way in text for way in ways for text in texts)]


@pytest.fixture(scope="module")
def small_run(orders, tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    misplaced = pd.DataFrame(
        {"customer_id": ["X 1"], "date": ["2024-02-01"], "amount": [EVERYBODY[0]], "order_id": [999]}
    )
    pd.concat([orders, misplaced]).to_csv(folder / "orders.csv", index=False)
    done = run(folder / "orders.csv", out=folder / "run", only="00,12,21", **SILENT)
    assert not done.failed and len(done.done) == 3
    return folder / "run"


@pytest.mark.parametrize("script", NAMES)
def test_a_column_of_names_is_known_for_one_in_each_script(script):
    assert looks_personal(pd.Series(NAMES[script]))
    assert looks_personal(pd.Series([f"C{number:04d}" for number in range(97)] + NAMES[script]))


def test_a_run_shows_names_of_no_script(small_run):
    assert told(small_run) == []


def test_a_run_on_large_data_shows_names_of_no_script_and_can_still_forget_one(orders, tmp_path):
    orders.astype({"amount": "float64", "date": "datetime64[us]"}).to_parquet(tmp_path / "orders.parquet")
    options = large_run.Options(sample=100)
    again = {"out": tmp_path / "run", "only": "00", "large": True, "options": options, **SILENT}
    assert not run(tmp_path / "orders.parquet", **again).failed
    assert told(tmp_path / "run") == []
    everybody = pd.read_parquet(tmp_path / "run" / "all_customers" / "rfm")["customer_id"]
    code, _ = forgetting.find(tmp_path / "run", "Иван Петров")
    assert len(everybody) == len(EVERYBODY) and code in set(everybody)
    assert forgetting.forget(tmp_path / "run", "Иван Петров").rows["all_customers/rfm"] == 1
    assert not run(tmp_path / "orders.parquet", fresh=True, **again).failed
    assert code not in set(pd.read_parquet(tmp_path / "run" / "all_customers" / "rfm")["customer_id"])
    with pytest.raises(DataError, match="has this name"):
        forgetting.find(tmp_path / "run", "Nobody Known")
