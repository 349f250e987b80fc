"""The command line: thin. Each command lives in a module of its own and is imported when it is called."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

from kfm_checks import __version__
from kfm_checks.errors import KfmChecksError, one_line

#: Command -> module of this package and the name of its function, and the line that help shows.
COMMANDS: Mapping[str, tuple[str, str, str]] = {
    "check": ("check", "check", "Judge an overlay, or plain manifests, and print a summary by requirement."),
    "change-facts": ("change_facts", "change_facts", "Collect a pull request's facts, for check --change."),
    "diff": ("diff", "diff", "What changes between two overlays, or two git revisions of one."),
    "render": ("render", "render", "The rendered objects, with the source file of each."),
    "config": ("config", "config", "The settings in force and where each comes from."),
    "bind": ("bind", "bind", "Propose the requirement behind each checklist item of a README, and insert it."),
    "init": ("init", "init", "Scaffold a new overlay, or propose the configuration of one that exists."),
    "site": ("site", "site", "Build the living README of an overlay as a site."),
    "review": ("review", "review", "The steward's decision page, printable; with --record the review's record."),
    "data": ("data", "data", "The data manifest: verify the bytes, plan a change, load under control."),
    "attest": ("attest", "attest", "Write a well-formed attestation: what a person vouches for, until a day."),
    "waive": ("waive", "waive", "Write a well-formed waiver: a known failure, accepted until a day."),
    "snapshot": ("snapshot", "snapshot", "Keep what a cluster shows, to be judged later without credentials."),
    "requirements": ("requirements", "requirements", "The catalogue of requirements."),
}


#: New objects between two looks for garbage. Nearly all that a run makes lives to its end: looking often finds nothing.
COLLECT_AFTER = 500_000


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, function, _ = COMMANDS[cmd_name]
        found = getattr(import_module(f"{__name__}.{module}"), function)
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="kfm-checks")
def cli() -> None:
    """Render a Kustomize overlay, verify every statement of its README, and give the evidence."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line: exit status 0, 1, or 2 with one line on stderr."""
    _reopen()
    checking = arguments is None and sys.argv[1:2] == ["check"]  # a process of its own, soon over
    if checking:
        gc.set_threshold(COLLECT_AFTER)
    try:
        status: Any = cli.main(args=arguments, prog_name="kfm-checks", standalone_mode=False)
    except KfmChecksError as error:
        _stop(str(error))
    except click.exceptions.Abort:
        _stop("stopped")
    except click.ClickException as error:
        _stop(_usage(error))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(2)
    except RecursionError:
        _stop("the input is nested too deeply; flatten it")
    except OSError as error:
        _stop(f"{_relative(error.filename)}: {error.strerror}; check path, permissions and space")
    except MemoryError:
        _stop("the input needs more memory than there is; split it")
    except Exception as error:
        # The last resort. The text of the exception may quote a manifest, so its kind and place have to do.
        from kfm_checks.engine import describe

        _stop(f"this is a defect of kfm-checks ({describe(error)}); please report it")
    found = status if isinstance(status, int) else 0
    if checking:
        _leave(found)
    sys.exit(found)


def _reopen() -> None:
    """Give a standard stream that the caller closed (``>&-``) to nobody.

    Else the next file opened takes its number, and what is meant for the one stream lands in the other or in that file.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nobody = Path(os.devnull).open("r" if number == 0 else "w", encoding="utf-8")  # noqa: SIM115 (open to the end)
            setattr(sys, name, nobody)


def _usage(error: click.ClickException) -> str:
    """Bad usage in one line; click answers a missing command with the whole help."""
    context = getattr(error, "ctx", None)
    if context is not None and error.format_message() == context.get_help():
        return f"no command was given; see `{context.command_path} --help`"
    return f"{one_line(error.format_message())}; see `kfm-checks --help`"


def _leave(status: int) -> NoReturn:
    """End a check at once: taking apart, object by object, what it made would take a tenth of a run, for nothing.

    What was registered for the end is done (the scratch folders of a change go), and everything is written out.
    """
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _relative(name: object) -> str:
    """A file's name as an error may show it: relative to the working directory, else its last two parts."""
    if not isinstance(name, str):
        return "a file"
    path = Path(name)
    inside = path.is_absolute() and path.is_relative_to(Path.cwd())
    shown = path.relative_to(Path.cwd()) if inside else Path(*path.parts[-2:]) if path.is_absolute() else path
    return shown.as_posix()


def _stop(message: str) -> None:
    print(f"kfm-checks: {one_line(message)}", file=sys.stderr)
    sys.exit(2)
