"""Makes layers/models: MediaPipe's networks as ONNX, and the mean face. Run it as ``python -m maker``."""
