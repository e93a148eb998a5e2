import json
import sys

import pytest
import torch

from fromnoise.codecs.text_tokens import RESERVED, TextTokens
from fromnoise.errors import MissingPackageError, RequestError
from fromnoise.models.gpt import GPT, GPTSettings
from fromnoise.nets.transformer import TransformerSettings

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"enum": ["Ann", "Bob"]},
        "age": {"type": "integer", "minimum": 0, "maximum": 99},
        "likes": {"type": "array", "items": {"enum": ["tea", "rain"]}, "maxItems": 2},
    },
    "required": ["name", "age", "likes"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def model() -> GPT:
    torch.manual_seed(0)
    tokens = TextTokens.train(['{"name": "Ann", "age": 31}'] * 3, RESERVED + 256 + 12)
    net = TransformerSettings(vocabulary=len(tokens), width=32, depth=1, heads=2, length=160)
    made = GPT(GPTSettings(net=net), tokens).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return made


def made(model, **options):
    pytest.importorskip("llguidance")
    *_, result = model.generate("", **options)
    return result


def test_a_model_that_knows_nothing_writes_json_of_the_schema(model):
    result = made(model, json_schema=SCHEMA, max_tokens=120, count=8)
    for text, ending in zip(result.texts, result.endings, strict=True):
        told = json.loads(text)
        assert ending == "stop"
        assert set(told) == {"name", "age", "likes"}
        assert told["name"] in ("Ann", "Bob") and 0 <= told["age"] <= 99
        assert len(told["likes"]) <= 2 and set(told["likes"]) <= {"tea", "rain"}
    assert len(set(result.texts)) > 1


def test_a_text_is_the_same_alone_and_among_others(model):
    together = made(model, json_schema=json.dumps(SCHEMA), max_tokens=120, count=3, seed=4)
    alone = [made(model, json_schema=SCHEMA, max_tokens=120, seed=seed).text for seed in (4, 5, 6)]
    assert together.texts == alone


def test_json_that_was_cut_off_is_told(model):
    result = made(model, json_schema=SCHEMA, max_tokens=5)
    assert result.endings == ["length"]
    assert result.warnings == ["text 1 was cut off before its JSON was whole; ask for more max_tokens"]


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ("{", "is no JSON"),
        ("[1]", "a JSON schema is an object"),
        ('{"type": "nonsense"}', "can't be used: Invalid type: nonsense"),
        ('{"$ref": "#/none"}', "can't be used"),
    ],
)
def test_a_schema_that_is_none_is_refused(model, schema, message):
    with pytest.raises(RequestError, match=message):
        made(model, json_schema=schema)


def test_without_the_package_its_extra_is_named(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "llguidance", None)
    with pytest.raises(MissingPackageError, match=r'pip install "fromnoise\[json\]"'):
        list(model.generate("", json_schema=SCHEMA))


def test_a_draft_and_a_schema_exclude_each_other(model):
    with pytest.raises(RequestError, match="a draft goes without a JSON schema"):
        list(model.generate("", json_schema=SCHEMA, draft="lookup"))
