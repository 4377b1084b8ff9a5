"""Recognisers of scans as ONNX files: the whole pass, and the step of one line."""
