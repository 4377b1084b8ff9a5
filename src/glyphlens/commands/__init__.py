"""What the commands of ``glyphlens`` do; none of them imports torch."""
