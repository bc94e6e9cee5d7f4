"""Depth: how near each pixel of a portrait is, from the face mesh, the silhouette and a model of a head."""
