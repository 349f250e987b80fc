"""Changes: two renders compared, what a pull request says of itself, and whether it can be taken back."""
