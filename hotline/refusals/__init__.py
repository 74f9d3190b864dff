"""The words of every refusal, by the area that refuses. The console translates them; commands print them."""
