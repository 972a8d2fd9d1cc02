"""Chores of the project, the same for people and CI."""
