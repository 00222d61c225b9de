"""What people send and keep: the incident document, the client's notice, the learning file, each from the record."""
