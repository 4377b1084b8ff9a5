"""Run by the Python of an environment that has the wheel: each command of a JSON list, in one process.

Prints a JSON list of [exit status, output, error output].
"""

import json
import os
import sys
from tempfile import TemporaryFile


def run(arguments: list[str]) -> tuple[int, str, str]:
    """One command; what it writes is caught below Python, as a shell would."""
    from glyphlens import cli

    sys.argv = ["glyphlens", *arguments]
    kept = os.dup(1), os.dup(2)
    with TemporaryFile() as out, TemporaryFile() as err:
        for number, file in ((1, out), (2, err)):
            os.dup2(file.fileno(), number)
        try:
            cli.main()
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
        finally:
            sys.stderr.flush()
            for number, descriptor in enumerate(kept, start=1):
                os.dup2(descriptor, number)
                os.close(descriptor)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    return status, *texts


print(json.dumps([run(arguments) for arguments in json.load(sys.stdin)]))
