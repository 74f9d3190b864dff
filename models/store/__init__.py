"""The base of the models: tables, times, the database, migrations, keys and sealed values."""
