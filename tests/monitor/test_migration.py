"""Movement between segments from review to review."""

import pandas as pd

from idic_lab.monitor.migration import moved_since, segment_migration


def test_a_last_period_cut_short_is_no_movement():
    days = pd.to_datetime(["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-01"])
    held = pd.DataFrame(
        {"review_date": days, "customer_id": "a", "scheme": "rfm", "segment": ["new", "loyal", "new", "new"]}
    )
    assert segment_migration(held)["review_date"].max() == days[2]
    assert moved_since(held, "rfm", back=1)[["before", "after"]].to_numpy().tolist() == [["loyal", "new"]]
