"""What the policies do, in simulated time: the charts and the tables of docs/routing.md. Run by `make figures`."""
