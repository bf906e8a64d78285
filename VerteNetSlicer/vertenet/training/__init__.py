"""Learning the bundled network: data, losses, loop, error metrics."""
