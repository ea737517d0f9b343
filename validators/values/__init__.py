"""Values: primitives, uris, narrative and the bytes of JSON, each as the standard defines it."""
