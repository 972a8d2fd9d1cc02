"""What tests stand on: the product, its upstream stand-ins and the machine, each behind a fixture."""
