"""Training of Vivify's own networks. Needs PyTorch (the dependency group "training"); nothing users install imports it."""
