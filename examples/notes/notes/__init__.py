"""Notes that users write and read: an example of an application with data of its own."""
