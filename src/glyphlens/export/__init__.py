"""Trained recognisers → ONNX files that stand alone: one graph, int8, calibration, parity, model card."""
