"""Where in the schema of a campaign a mistake lies."""

from rolltrain_tui.config.campaign_errors import Guide


def test_a_place_is_known_as_far_as_the_schema_goes() -> None:
    """What pydantic adds to it, such as the branch of a union, and all behind that, is left out."""
    leaf = {"type": "integer"}
    schema = {"properties": {"a": {"properties": {"b": leaf}}, "b": leaf, "rows": {"items": {"properties": {"c": leaf}}}}}
    guide = Guide(lambda: schema)
    assert guide.find(("a", "b")) == (("a", "b"), leaf)
    assert guide.find(("a", "int", "b")) == (("a",), schema["properties"]["a"])
    assert guide.find(("nowhere", "b")) == ((), schema)
    assert guide.find(("rows", 3, "c")) == (("rows", 3, "c"), leaf)
    assert (guide.keys(("a",)), guide.homes("b"), guide.homes("c")) == (["b"], ["a"], [])
