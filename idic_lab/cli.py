"""The command line."""


def main() -> None:
    raise SystemExit("idic-lab: not built yet")
