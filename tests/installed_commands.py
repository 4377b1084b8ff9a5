"""Run by the Python of an environment that has the wheel: each command of a JSON list, in one process.

Prints a JSON list of [exit status, output, error output].
"""

import contextlib
import io
import json
import sys


def main() -> None:
    """Run what standard input asks for."""
    from glyphlens import cli

    answers = []
    for arguments in json.load(sys.stdin):
        sys.argv = ["glyphlens", *arguments]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                cli.main()
                status = 0
            except SystemExit as end:
                status = int(end.code or 0)
        answers.append([status, out.getvalue(), err.getvalue()])
    print(json.dumps(answers))


main()
