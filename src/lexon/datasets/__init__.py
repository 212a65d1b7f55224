"""Files as datasets: each format is read into and written from the data types of lexon."""
