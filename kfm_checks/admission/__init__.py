"""Policy languages evaluated on the rendered objects, one module an engine. Pure: no file, process or network."""
