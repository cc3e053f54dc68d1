"""Load rasterio where it is needed: it is an extra, for who has rasters."""

from typing import Any

from service_map.errors import GeodataError


def rasterio() -> Any:
    """Give rasterio with the parts used here, or say how to install it."""
    try:
        import rasterio
        import rasterio.errors
        import rasterio.warp
        import rasterio.windows
    except ImportError:
        raise GeodataError(
            "读栅格需要 rasterio：pip install 'service-map[raster]'",
            "reading a raster needs rasterio: pip install 'service-map[raster]'",
        ) from None
    return rasterio
