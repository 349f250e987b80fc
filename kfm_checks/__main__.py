"""``python -m kfm_checks`` is ``kfm-checks``."""

from kfm_checks.cli import main

if __name__ == "__main__":
    main()
