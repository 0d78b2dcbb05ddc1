"""The command line `ventas`."""
