"""Learning the bundled network: data, losses, loop, error metrics.

Nothing is imported here, so that an evaluation loads no torch.
"""
