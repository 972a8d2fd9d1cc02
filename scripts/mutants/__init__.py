"""Breaks one line of Turnout at a time, and sees whether the tests notice."""
