"""Reports: tables, figures, words and one page, from the folders of an experiment's members."""
