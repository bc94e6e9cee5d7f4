"""The service's HTTP face: routes, schemas, errors. It knows powertools' Event Handler and the use cases, no AWS client.

The OpenAPI document is made from these routes and schemas, and served at /v1/openapi.json.
"""
