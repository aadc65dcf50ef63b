"""Tools for the project's developers; nothing here runs in a user's pipeline."""
