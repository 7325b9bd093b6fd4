"""Other people's functions: their claimed gradients, Jacobians and products with them, checked."""
