"""Each file of this folder is a verb of the command line."""
