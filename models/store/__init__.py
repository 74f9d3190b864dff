"""The ground of the models: tables, times, the database, migrations, keys and sealed values."""
