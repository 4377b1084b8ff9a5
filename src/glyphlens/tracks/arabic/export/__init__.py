"""The recogniser as one ONNX file with its labels and card."""
