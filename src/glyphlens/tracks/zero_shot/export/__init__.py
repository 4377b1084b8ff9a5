"""The towers as ONNX files, and the classes as prototypes: from descriptions, from templates, and from both."""
