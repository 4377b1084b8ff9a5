"""What a person is told when something is wrong: one message that names the place, the value and the way out."""


class GlyphlensError(Exception):
    """Anything a user can mend; commands print it without a traceback and exit with 2."""


class InputError(GlyphlensError):
    """A file, row or value that cannot be used; the message names it and says what to do."""


class ParamsError(InputError):
    """A key of params.yaml that is unknown, missing or of the wrong type."""


class OutputError(GlyphlensError):
    """A result that could not be written whole, for example on a full disk; nothing was left behind."""


class CheckpointError(GlyphlensError):
    """A training state that cannot be gone on with: of another training, or unreadable."""


class DivergenceError(GlyphlensError):
    """A training whose loss, gradient, weights or scores are no longer finite."""
