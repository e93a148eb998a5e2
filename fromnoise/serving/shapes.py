"""The fields that requests may have: OpenAI's names and our own. Unknown fields are ignored."""

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StringConstraints

SEEDS = 2**63
Text = Annotated[str, StringConstraints(max_length=4096)]
Name = Annotated[str, StringConstraints(max_length=200)]
Seed = Annotated[int, Field(ge=-SEEDS, lt=SEEDS, strict=True)]
Upload = Annotated[str, StringConstraints(max_length=12_000_000)]


class Body(BaseModel):
    """Base of every request's body; null means left out."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, populate_by_name=True)


class PictureBody(Body):
    """How pictures are to be made, whichever address is asked."""

    prompt: Text
    model: Name | None = None
    n: Annotated[int, Field(ge=1, le=16)] | None = None
    seed: Seed | None = None
    style: Name | None = None
    negative_prompt: Text | None = None
    steps: Annotated[int, Field(ge=1, le=250)] | None = Field(
        None, validation_alias=AliasChoices("num_inference_steps", "steps")
    )
    guidance: Annotated[float, Field(ge=0, le=100)] | None = Field(
        None, validation_alias=AliasChoices("guidance_scale", "cfg_scale", "guidance")
    )
    guidance_rescale: Annotated[float, Field(ge=0, le=1)] | None = None
    guidance_interval: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    guidance_start: Annotated[float, Field(ge=0, le=100)] | None = None
    solver: Name | None = None
    grid: Name | None = None
    eta: Annotated[float, Field(ge=0, le=1)] | None = None
    strength: Annotated[float, Field(ge=0, le=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=10)] | None = None
    top_k: Annotated[int, Field(ge=1, le=100_000)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    best_of: Annotated[int, Field(ge=1, le=16)] | None = None


class GenerationBody(PictureBody):
    """POST /v1/images/generations."""

    size: Name | None = None
    quality: Name | None = None
    background: Literal["transparent", "opaque", "auto"] | None = None
    output_format: Literal["png", "webp", "jpeg", "gif"] | None = None
    output_compression: Annotated[int, Field(ge=0, le=100)] | None = None
    response_format: Literal["url", "b64_json"] | None = None
    stream: bool | None = None
    partial_images: Annotated[int, Field(ge=0, le=3)] | None = None
    frame_count: Annotated[int, Field(ge=2, le=16)] | None = None
    frame_duration_ms: Annotated[int, Field(ge=10, le=10_000)] | None = None


class Reference(Body):
    """A picture that is named in place of sent."""

    image_url: Upload | None = None
    file_id: Name | None = None


class EditBody(GenerationBody):
    """POST /v1/images/edits, as JSON."""

    images: Annotated[list[Reference], Field(min_length=1, max_length=16)]
    mask: Reference | None = None


class StudioPictureBody(PictureBody):
    """POST /api/images/stream."""

    between: Text | None = None
    between_seed: Seed | None = None
    weaker: Name | None = None
    keep: Name | None = None
    init: Upload | None = None
    mask: Upload | None = None
    previews: Literal["all", "none"] | Annotated[int, Field(ge=0, le=250)] = "all"


class WordsBody(Body):
    """How words are to be chosen, whichever address is asked."""

    model: Name | None = None
    n: Annotated[int, Field(ge=1, le=10)] | None = None
    seed: Seed | None = None
    style: Name | None = None
    temperature: Annotated[float, Field(ge=0, le=10)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=1, le=100_000)] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    repetition_penalty: Annotated[float, Field(gt=0, le=10)] | None = None
    guidance: Annotated[float, Field(ge=0, le=100)] | None = Field(
        None, validation_alias=AliasChoices("guidance_scale", "cfg_scale", "guidance")
    )
    max_tokens: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        None, validation_alias=AliasChoices("max_completion_tokens", "max_tokens")
    )
    stop: Name | Annotated[list[Name], Field(max_length=4)] | None = None


class StreamOptions(Body):
    """What a stream of words tells besides words."""

    include_usage: bool | None = None


class SchemaBody(Body):
    """A JSON schema, as OpenAI's clients wrap it."""

    schema_: dict[str, Any] | None = Field(None, alias="schema")


class FormatBody(Body):
    """Which form an answer must have."""

    type: Literal["text", "json_object", "json_schema"] = "text"
    json_schema: SchemaBody | None = None


class Part(Body):
    """A piece of a message."""

    type: Name
    text: Text | None = None


class Message(Body):
    """A message of a conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Text | Annotated[list[Part], Field(max_length=64)] | None = None

    @property
    def text(self) -> str:
        """Return its words."""
        if isinstance(self.content, list):
            return "\n".join(part.text or "" for part in self.content)
        return self.content or ""


class ChatBody(WordsBody):
    """POST /v1/chat/completions."""

    messages: Annotated[list[Message], Field(min_length=1, max_length=200)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    response_format: FormatBody | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None


Ids = Annotated[
    list[Annotated[int, Field(ge=0, lt=2**31, strict=True)]], Field(min_length=1, max_length=4096)
]


class CompletionBody(WordsBody):
    """POST /v1/completions."""

    prompt: Text | Annotated[list[Text], Field(min_length=1, max_length=10)] | Ids | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    echo: bool | None = None
    logprobs: Annotated[int, Field(ge=0, le=5)] | None = None
    suffix: Text | None = None


class StudioTextBody(WordsBody):
    """POST /api/text/stream."""

    prompt: Text = ""
    steps: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        None, validation_alias=AliasChoices("num_inference_steps", "steps")
    )
    solver: Name | None = None
    block: Annotated[int, Field(ge=1, le=1024)] | None = None
    template: Text | None = None
    rewrite: Text | None = None
    strength: Annotated[float, Field(ge=0, le=1)] | None = None
    previews: Literal["all", "none"] | Annotated[int, Field(ge=0, le=1024)] = "all"


class EmbeddingsBody(Body):
    """POST /v1/embeddings."""

    input: Text | Annotated[list[Text], Field(min_length=1, max_length=64)]
    model: Name | None = None
    dimensions: Annotated[int, Field(ge=1, le=4096)] | None = None
    encoding_format: Literal["float", "base64"] | None = None


class InputPart(Body):
    """One input of a moderation."""

    type: Name
    text: Text | None = None


class ModerationsBody(Body):
    """POST /v1/moderations."""

    input: (
        Text
        | Annotated[list[Text], Field(min_length=1, max_length=64)]
        | Annotated[list[InputPart], Field(min_length=1, max_length=64)]
    )
    model: Name | None = None
