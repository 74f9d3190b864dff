"""Tests of the models, on SQLite and on PostgreSQL."""
