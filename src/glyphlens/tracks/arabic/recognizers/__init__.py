"""Networks that read cells, grids of cells and rasters."""
