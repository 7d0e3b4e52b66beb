"""What an integration did, counted at write time by hour and by day, and read back as charts."""
