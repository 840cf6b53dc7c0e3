"""napari layers that the plugin makes: results, regions, comparison, marks."""
