"""The pages a run leaves: report, one page per notebook, links and navigation."""
