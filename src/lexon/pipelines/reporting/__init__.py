"""Tables, figures and words, from what members left in their folders: a room for each kind of experiment."""
