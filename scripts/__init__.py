"""Tools of the project, for people and CI."""
