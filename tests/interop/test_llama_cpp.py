"""What we write as GGUF, llama.cpp reads and scores alike."""

import pytest
import torch

from fromnoise.interop.gguf_write import write_gguf

SHARES = 8  # of the likeliest tokens


@pytest.mark.parametrize("qk_norm", [False, True])
def test_llama_cpp_scores_the_same_tokens_alike(make_gpt, tmp_path, qk_norm):
    xllamacpp = pytest.importorskip("xllamacpp")
    ours = make_gpt(qk_norm)
    write_gguf(ours, tmp_path / "model.gguf")
    asked = xllamacpp.CommonParams()
    asked.model.path = str(tmp_path / "model.gguf")
    asked.n_ctx, asked.n_parallel, asked.verbosity, asked.warmup = 64, 1, 0, False
    asked.cpuparams.n_threads = asked.cpuparams_batch.n_threads = 1
    # by default it keeps keys and values in 16 bits
    asked.cache_type_k = asked.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    asked.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    server = xllamacpp.Server(asked)
    text = [*ours.prefix("sonnet"), *ours.tokenizer.encode("The cat sat on the mat. café")]
    told = 0
    for length in range(2, len(text)):
        said = server.handle_completions(
            {"prompt": text[:length], "max_tokens": 1, "temperature": 0, "logprobs": SHARES}
        )
        shares = said["choices"][0]["logprobs"]
        if shares is None:
            continue  # the likeliest token is a part of a letter, of which nothing is told
        scores = ours.logits(torch.tensor([text[:length]]))[0, -1].log_softmax(-1)
        for token in shares["content"][0]["top_logprobs"]:
            assert float(scores[token["id"]]) == pytest.approx(token["logprob"], abs=1e-4)
            told += 1
    assert told >= 4 * SHARES
