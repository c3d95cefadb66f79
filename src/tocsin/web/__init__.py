"""The HTTP edge: wires everything, decides nothing."""
