"""Reading anybody's files: which column is what, which rows can be used, and what was made of the rest."""
