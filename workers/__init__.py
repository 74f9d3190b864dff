"""What runs beside the calls: jobs that call people, the sweeper, and the client of the carrier."""
