"""What everything else stands on: errors, parameters, files, work spread over processes."""
