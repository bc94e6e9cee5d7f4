"""The plate: what may lie behind the person, for what a moving head uncovers."""
