"""How creases of the face were measured (``vivify/animate/creases.png``)."""
