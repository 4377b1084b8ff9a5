"""The HTTP server: one process that speaks HTTP, and others that read what is sent."""
