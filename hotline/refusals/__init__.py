"""The words of every refusal, by the rooms that refuse: the console translates them, commands print them."""
