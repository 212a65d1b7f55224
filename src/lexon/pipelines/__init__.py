"""Nodes, which join the packages below into studies, and the pipelines that hold them."""
