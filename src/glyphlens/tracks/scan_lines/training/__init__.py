"""Batches and training of one recogniser of scans."""
