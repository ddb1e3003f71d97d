"""Does it pay to start a new part's network as that of a source, and which source?"""
