"""Pure views of the objects and of the other inputs, each computed once."""
