"""Reading: from what the user named to lines: sources, decompression, blocks of whole lines."""
