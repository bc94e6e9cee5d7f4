"""How each motion of the library was measured: ``python -m motions`` in layers/models makes them again."""
