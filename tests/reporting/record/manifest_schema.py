"""The JSON Schema of the manifest, derived from its dataclasses.

``python -m tests.reporting.record.manifest_schema`` writes it beside the module.
"""

import json
from typing import Any

from pydantic import TypeAdapter

from relmark_research.reporting.record.manifest import SCHEMA_FILE, Manifest


def schema() -> dict[str, Any]:
    made = TypeAdapter(Manifest).json_schema(mode="serialization")
    figure = made["$defs"]["KeyFigure"]["properties"]
    figure["value"] = {"anyOf": [{"type": "number"}, {"type": "null"}], "title": "Value"}
    made["required"] = [*made["required"], "notebooks", "schema"]
    made["properties"]["schema"]["minimum"] = 1
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


if __name__ == "__main__":
    SCHEMA_FILE.write_text(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n")
