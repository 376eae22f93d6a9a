"""Files in, files out, the demo communities, and the command line that drives them."""

import os

# GDAL decides by a file's content which driver opens it, whatever the file is called: a file that somebody
# sends must bring nothing but itself, neither other files of this machine nor anything from the network. What
# is left is what we read and write. GDAL reads this once, as it is loaded.
os.environ["GDAL_SKIP"] = ",".join(
    [
        *("OGR_VRT", "GDALG", "HTTP", "WFS", "OAPIF", "OGCAPI", "CSW", "EEDA", "PLSCENES", "NGW", "Carto"),
        *("Elasticsearch", "AmigoCloud", "ADBC", "GPSBabel", "GML", "LVBAG", "GeoRSS", "MapML", "JML", "PDF"),
        *("EDIGEO", "VDV", "GTFS", "SXF", "Selafin", "VFK", "S57", "DGN", "Idrisi", "OGR_PDS", "PDS4"),
        *("VICAR", "PCIDSK", "AVCBin", "AVCE00", "AIVector", "MiraMonVector", "OGR_GMT", "WAsP", "SQLite"),
        *("PMTiles", "MBTiles"),
    ]
)
os.environ["CPL_VSIL_CURL_ALLOWED_EXTENSIONS"] = ".none"
# A coordinate system in GeoJSON may be a link, which GDAL would follow: to a port where nobody answers.
os.environ["GDAL_HTTP_PROXY"] = "127.0.0.1:1"
# A table in a GeoPackage may be another file of this machine, where SpatiaLite is there to read it.
os.environ["SPATIALITE_LOAD"] = "NO"
# Nor is a grid fetched for a coordinate system.
os.environ["PROJ_NETWORK"] = "OFF"
