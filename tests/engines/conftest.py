"""The same transactions in every dataframe engine."""

import narwhals as nw
import pandas as pd
import pyarrow as pa
import pytest

from idic_lab import datasets

ENGINES = ("pandas", "polars", "polars lazy", "arrow", "duckdb", "dask", "pyspark")
LAZY = ("polars lazy", "duckdb", "dask", "pyspark")


@pytest.fixture(scope="session")
def spark():
    """A local Spark session, or a skip with the reason."""
    pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed: see 'make engines'")
    import shutil

    if shutil.which("java") is None:
        pytest.skip("PySpark needs Java, and there is none on the path")
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.session.timeZone": "UTC",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    }
    builder = pyspark.sql.SparkSession.builder.master("local[1]").appName("idic-lab tests")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="session", params=ENGINES)
def engine(request):
    """A function that moves a pandas table into one engine; ``name`` says which, ``lazy`` whether it keeps its rows to itself."""
    if request.param == "pyspark":
        session = request.getfixturevalue("spark")
    elif request.param.startswith("polars"):
        pytest.importorskip("polars")
    elif request.param == "dask":
        pytest.importorskip("dask.dataframe")

    def move(table: pd.DataFrame):
        arrow = pa.Table.from_pandas(table, preserve_index=False)
        if request.param == "arrow":
            return arrow
        if request.param.startswith("polars"):
            import polars

            return polars.from_arrow(arrow).lazy() if request.param == "polars lazy" else polars.from_arrow(arrow)
        if request.param == "duckdb":
            import duckdb

            return duckdb.connect().from_arrow(arrow)
        if request.param == "dask":
            import dask.dataframe

            return dask.dataframe.from_pandas(table, npartitions=3)
        if request.param == "pyspark":
            return session.createDataFrame(arrow)
        return table

    move.name, move.lazy = request.param, request.param in LAZY
    return move


@pytest.fixture(scope="session")
def purchases():
    """CDNOW's sample with hours, returns and a customer who only ever returned something."""
    table = datasets.load("cdnow_sample", quiet=True).transactions[["customer_id", "date", "amount"]].head(3000)
    table = table.assign(date=table["date"] + pd.to_timedelta(table.index % 24, unit="h"))
    returned = table.iloc[::40].assign(amount=lambda rows: -rows["amount"])
    only = table.head(1).assign(customer_id="returns only", amount=-1.0)
    return pd.concat([table, returned, only], ignore_index=True)


@pytest.fixture(scope="session")
def collected():
    """A function that makes an ordered pandas copy of any frame."""
    return _collected


def _collected(frame) -> pd.DataFrame:
    frame = nw.from_native(frame)
    frame = frame.collect("pyarrow") if isinstance(frame, nw.LazyFrame) else frame
    table = frame.to_pandas()
    text = {
        name: "str" for name in table if isinstance(table[name].dtype, pd.StringDtype) or table[name].dtype == object
    }
    return table.astype(text).sort_values("customer_id", ignore_index=True)
