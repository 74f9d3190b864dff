"""The call bar on every page: shift, phone, current call, and what changed."""
