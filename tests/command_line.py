"""The command line run in this process."""

from rfrobust.cli import main


def run(capsys, *arguments):
    """Return exit code, standard output and standard error."""
    code = 0
    try:
        main(list(arguments))
    except SystemExit as stop:
        code = int(stop.code or 0)
    out, err = capsys.readouterr()
    return code, out, err
