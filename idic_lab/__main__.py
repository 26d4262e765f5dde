"""``python -m idic_lab`` is ``idic-lab``."""

import sys

# jsonschema, with which notebooks are read, would spend a second on a grammar of addresses that no notebook needs.
sys.modules.setdefault("rfc3987_syntax", None)


def main() -> None:
    """The command line; what an extra of the package brings and is missing is one sentence."""
    try:
        from idic_lab import cli

        cli.main()
    except ModuleNotFoundError as error:
        if (error.name or "idic_lab").startswith("idic_lab"):
            raise
        sys.exit(f"Error: this takes the package {error.name}, which is not installed: pip install 'idic-lab[all]'")


if __name__ == "__main__":
    main()
