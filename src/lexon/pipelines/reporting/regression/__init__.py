"""Answers to what the users' documents ask of a sweep."""
