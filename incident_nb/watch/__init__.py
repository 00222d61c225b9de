"""What is looked after without being asked: clocks, silent failures, quiet workflows, third parties."""
