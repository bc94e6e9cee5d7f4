"""The person: a mesh that follows the head, what of it goes along and how far, and how its skin is shaded as it folds."""
