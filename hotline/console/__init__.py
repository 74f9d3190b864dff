"""The console: pages for staff, a package for each area."""
