"""Recognisers as ONNX files with labels, measurements and cards."""
