"""Whether an answer holds what its type declares, and nothing else."""

import gzip
import json
import re

import msgspec
from flask import request

from service_map.web import contract, openapi, problems

# In the vocabularies of others, which may say more than what must be there.
OPEN = {"About", "OpenApi"}
OPERATIONS = {operation.path: operation for operation in openapi.OPERATIONS}


def _plain(value):
    """Take whole floats for whole numbers, as JSON does."""
    if isinstance(value, dict):
        return {name: _plain(of) for name, of in value.items() if name != "metadata"}
    if isinstance(value, list | tuple):
        return [_plain(of) for of in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def check(name, answer):
    """Convert an answer into its declared type and back: what the type does not know would be lost on the way."""
    found = msgspec.convert(answer, contract.ANSWERS[name], strict=True)
    assert name in OPEN or _plain(msgspec.to_builtins(found)) == _plain(answer)


def check_response(response):
    """Check whatever an application answers, after each of its requests."""
    if response.is_streamed or request.method == "HEAD" or not response.get_data():
        return response
    body = response.get_data()
    if response.content_encoding == "gzip":  # made, and packed, in another process
        body = gzip.decompress(body)
    operation = OPERATIONS.get(re.sub(r"<\w+:", "<", request.url_rule.rule)) if request.url_rule else None
    if response.mimetype == problems.MEDIA_TYPE:
        check("Problem", json.loads(body))
    elif operation is not None and response.status_code == 200 and response.mimetype == operation.media_type:
        name = (operation.post_schema if request.method == "POST" else None) or operation.schema
        if name is not None:
            check(name, json.loads(body))
    return response
