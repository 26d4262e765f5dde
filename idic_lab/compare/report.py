def write(folder, study, results, manifest):
    return folder / "report.html"
