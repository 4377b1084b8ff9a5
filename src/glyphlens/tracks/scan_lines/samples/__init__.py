"""Pictures and the user's own scans as lines in the order of their arrival."""
