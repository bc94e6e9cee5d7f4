"""How creases of the face were measured (``vivify/animate/person/creases.png``)."""
