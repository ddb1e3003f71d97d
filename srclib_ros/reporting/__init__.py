"""One HTML page about a source library, whole in one file: `page.report`. Build time only."""
