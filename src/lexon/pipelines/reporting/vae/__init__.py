"""Answers to what the users' documents ask of configurations, and the guide's interface."""
