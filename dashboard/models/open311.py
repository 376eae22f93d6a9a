"""What GeoReport v2 answers: plain data by the standard's field names, written as JSON or as XML.

The standard's JSON is its XML turned by one rule: an element whose children are all of one kind is a list.
So one set of data serves both.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Final
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import orjson

from dashboard.i18n import Text
from dashboard.models.incident_words import STATES
from geo.rules.inert import strip_controls
from geo.store.open311 import Service, ServiceRequest

SPECIFICATION: Final = "http://wiki.open311.org/GeoReport_v2"
MEDIA_TYPES: Final = {"xml": "text/xml", "json": "application/json"}
# Of the service list and of this document; sortable, to be raised whenever either changes.
_CHANGESET: Final = "2026-11-22 00:00"
_CHINA: Final = ZoneInfo("Asia/Shanghai")
# What the elements of a list are called, by the list's name.
_ELEMENTS: Final = {
    "services": "service",
    "attributes": "attribute",
    "service_requests": "request",
    "endpoints": "endpoint",
    "formats": "format",
    "errors": "error",
}

Value = str | int | float | bool | None | Sequence["Value"] | Mapping[str, "Value"]


def write_answer(ending: str, root: str, content: Value) -> bytes:
    """Write an answer as ``json`` or ``xml``; ``root`` names the XML's outermost element."""
    if ending == "json":
        return orjson.dumps(content)
    document = ElementTree.ElementTree(_make_element(root, content))
    written = BytesIO()
    document.write(written, encoding="UTF-8", xml_declaration=True)
    return written.getvalue()


def _make_element(name: str, content: Value) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if isinstance(content, Mapping):
        element.extend(_make_element(key, value) for key, value in content.items())
    elif isinstance(content, bool):
        element.text = "true" if content else "false"
    elif isinstance(content, str):
        # XML has no way to write control characters.
        element.text = strip_controls(content)
    elif isinstance(content, Sequence):
        element.extend(_make_element(_ELEMENTS[name], value) for value in content)
    elif content is not None:
        element.text = str(content)
    return element


def describe_discovery(url: str, text: Text) -> Value:
    """Return the service discovery document of the endpoint at a URL."""
    return {
        "changeset": _CHANGESET,
        "contact": text("open311.contact"),
        "key_service": text("open311.key_service"),
        "endpoints": [
            {
                "specification": SPECIFICATION,
                "url": url,
                "changeset": _CHANGESET,
                "type": "production",
                "formats": list(MEDIA_TYPES.values()),
            }
        ],
    }


def describe_service(service: Service, text: Text) -> Value:
    """Return one entry of the service list."""
    name, other_name, group = service.name, service.name_en, service.group
    if text.language == "en":
        name, other_name, group = service.name_en, service.name, service.group_en
    return {
        "service_code": service.code,
        "service_name": name,
        "description": describe_notice(service, text) or name,
        "metadata": False,
        "type": "realtime",
        "keywords": ", ".join([other_name, *service.synonyms]),
        "group": group,
    }


def describe_definition(service: Service) -> Value:
    """Return a service's definition: there is nothing to ask beyond the standard's own fields."""
    return {"service_code": service.code, "attributes": []}


def describe_notice(service: Service, text: Text) -> str | None:
    """Return what whoever reports must know: that an emergency is a matter for the telephone."""
    return text("open311.call_first", number=service.call_first) if service.call_first else None


def describe_request(request: ServiceRequest, text: Text) -> Value:
    """Return a case."""
    return {
        "service_request_id": str(request.id),
        "status": "open" if request.is_open else "closed",
        "status_notes": text(STATES[request.state]),
        "service_name": request.category_en if text.language == "en" else request.category,
        "service_code": request.category_code,
        "description": request.description,
        "agency_responsible": request.agency,
        "service_notice": None,
        "requested_datetime": _write_time(request.reported_at),
        "updated_datetime": _write_time(request.updated_at),
        "expected_datetime": _write_time(request.due_at),
        "address": request.address,
        "address_id": request.address_id,
        "zipcode": None,
        "lat": request.latitude,
        "long": request.longitude,
        "media_url": None,
    }


def _write_time(at: datetime | None) -> str | None:
    return at.astimezone(_CHINA).isoformat(timespec="seconds") if at else None
