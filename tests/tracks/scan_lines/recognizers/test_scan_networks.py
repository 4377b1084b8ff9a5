"""What every recogniser of scans does: shapes, causality, the step, learning, saving, refusals."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from glyphlens.core.errors import ParamsError
from glyphlens.nets.weights import load_model, save_model
from glyphlens.tracks.scan_lines.recognizers.line_tokens import LineTokenizer, standard_lines
from glyphlens.tracks.scan_lines.recognizers.lrcn import Network as Lrcn
from glyphlens.tracks.scan_lines.recognizers.registry import StreamingNetwork
from glyphlens.tracks.scan_lines.recognizers.transformer import causal_mask, masked_attention, sinusoidal_positions
from glyphlens.tracks.scan_lines.samples.lines import standardized
from tests.tracks.scan_lines.scan_networks import CLASSES, LINES, NAMES, SAMPLES, STREAMING, scans, tiny

every_network = pytest.mark.parametrize("name", NAMES)
every_stream = pytest.mark.parametrize("name", STREAMING)


def stepped(network: nn.Module, lines_NLS: Tensor) -> Tensor:
    assert isinstance(network, StreamingNetwork)
    cache, answers = network.start(len(lines_NLS)), []
    for line_NS in lines_NLS.unbind(1):
        logits_NC, cache = network.step(line_NS, cache)
        answers.append(logits_NC)
    return torch.stack(answers, dim=1)


# ── lines ────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e6])
def test_lines_are_standardised_as_the_samples_are(scale: float) -> None:
    lines_NLS = scans() * scale
    lines_NLS[2, 0, 0] = torch.inf
    found, missing_NL = standard_lines(lines_NLS)
    np.testing.assert_allclose(found.numpy(), standardized(lines_NLS.numpy()), atol=2e-6)
    assert missing_NL.nonzero().tolist() == [[1, 3], [1, 7], [2, 0]]


def test_a_line_of_one_value_is_zeros_whatever_it_is() -> None:
    lines_NLS = torch.tensor([0.1, 1e-38, -3e38, 254.99999]).reshape(1, 4, 1).expand(1, 4, 7)
    assert not standard_lines(lines_NLS).lines_NLS.any()
    assert torch.isfinite(standard_lines(torch.tensor([[[-3e38, 3e38, 0.0]]])).lines_NLS).all()


@given(gain=st.floats(0.01, 100), offset=st.floats(-1e3, 1e3))
def test_gain_and_offset_of_a_line_do_not_matter(gain: float, offset: float) -> None:
    lines_NLS = scans()[:1]
    moved = standard_lines(gain * lines_NLS + offset).lines_NLS
    torch.testing.assert_close(moved, standard_lines(lines_NLS).lines_NLS, atol=0.02, rtol=0)


# ── causality, part by part ──────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("is_training", [False, True])
def test_a_token_depends_on_its_own_line_alone(is_training: bool) -> None:
    torch.manual_seed(0)
    tokenizer = LineTokenizer(SAMPLES, (4, 8, 8, 8, 8), (7, 5, 3, 3, 3), 16).train(is_training)
    lines_NLS, other = scans(), scans()
    other[:, 6] = torch.nan
    changed_NL = (tokenizer(lines_NLS) != tokenizer(other)).any(-1)
    assert changed_NL[:, 6].all() and changed_NL.sum() == len(lines_NLS)


def test_attention_with_the_mask_looks_back_only() -> None:
    query, key, value = torch.randn(3, 2, LINES, 4, generator=torch.Generator().manual_seed(0))
    before = masked_attention(query, key, value, causal_mask(LINES))
    key[:, 8:], value[:, 8:] = 50.0, -50.0
    after = masked_attention(query, key, value, causal_mask(LINES))
    assert torch.equal(before[:, :8], after[:, :8]) and not torch.equal(before[:, 8:], after[:, 8:])
    torch.testing.assert_close(
        before[:, 0], torch.randn(3, 2, LINES, 4, generator=torch.Generator().manual_seed(0))[2][:, 0]
    )


@every_stream
@pytest.mark.parametrize("is_training", [False, True])
@pytest.mark.parametrize("later", [1, 6, LINES - 1])
@pytest.mark.parametrize("value", [torch.nan, 0.0, 1e6])
def test_a_later_line_changes_no_earlier_answer(name: str, is_training: bool, later: int, value: float) -> None:
    network, lines_NLS = tiny(name).train(is_training), scans()
    other = lines_NLS.clone()
    other[:, later:] = value
    other[:, later:, ::2] *= -1
    first, second = network(lines_NLS), network(other)
    assert first.shape == (len(lines_NLS), LINES, CLASSES)
    assert torch.equal(first[:, :later], second[:, :later])
    assert not torch.equal(first[:, later:], second[:, later:])


@every_stream
def test_no_gradient_flows_from_an_answer_to_a_later_line(name: str) -> None:
    lines_NLS = scans(1).requires_grad_()
    for line in range(LINES):
        (slope,) = torch.autograd.grad(tiny(name)(lines_NLS)[:, line].sum(), lines_NLS)
        assert slope[:, line].any() and not slope[:, line + 1 :].any()


@pytest.mark.parametrize("window", [5, 7, LINES])
def test_a_window_sees_its_own_lines_and_no_others(window: int) -> None:
    network = tiny("lrcn", window=window)
    assert isinstance(network, Lrcn)
    padded = torch.nn.functional.pad(scans(1).nan_to_num(), (0, 0, window - 1, 0)).requires_grad_()
    features_NLD = network._features(padded)
    assert features_NLD.shape[1] == LINES
    for line in range(LINES):
        (slope,) = torch.autograd.grad(features_NLD[:, line].square().sum(), padded, retain_graph=True)
        seen = slope[0].ne(0).any(-1).nonzero().flatten()
        assert line <= seen.min() and seen.max() == line + window - 1
        torch.testing.assert_close(features_NLD[:, line : line + 1], network._features(padded[:, line : line + window]))


# ── the step ─────────────────────────────────────────────────────────────────────────────────
@every_stream
@pytest.mark.parametrize("changed", [{}, {"layers": 1}])
@torch.no_grad()
def test_steps_say_what_the_whole_pass_says(name: str, changed: dict[str, Any]) -> None:
    network, lines_NLS = tiny(name, **changed).eval(), scans()
    torch.testing.assert_close(stepped(network, lines_NLS), network(lines_NLS), atol=1e-5, rtol=0)


@every_stream
def test_the_cache_keeps_its_size(name: str) -> None:
    network = tiny(name).eval()
    assert isinstance(network, StreamingNetwork)
    cache = network.start(3)
    assert len(cache) == len(network.cache_names) and not any(part.any() for part in cache)
    for line_NS in scans(3).unbind(1):
        _, grown = network.step(line_NS, cache)
        assert [(part.shape, part.dtype) for part in grown] == [(part.shape, part.dtype) for part in cache]
        cache = grown


def test_vit_waits_for_the_last_line() -> None:
    network = tiny("vit")
    assert network(scans()).shape == (5, 1, CLASSES)
    assert not isinstance(network, StreamingNetwork)


# ── learning, saving, refusals ───────────────────────────────────────────────────────────────
@every_network
def test_every_weight_has_a_gradient(name: str) -> None:
    network = tiny(name)
    functional.cross_entropy(network(scans())[:, -1], torch.arange(5) % CLASSES).backward()
    assert [key for key, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()] == []


@every_network
def test_one_batch_is_learnt_by_heart(name: str) -> None:
    network, lines_NLS, targets_N = tiny(name), scans(2 * CLASSES), torch.arange(2 * CLASSES) % CLASSES
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.01)
    for _ in range(80):
        logits_NLC = network(lines_NLS)
        loss = functional.cross_entropy(logits_NLC.transpose(1, 2), targets_N[:, None].expand(-1, logits_NLC.shape[1]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (network.eval()(lines_NLS)[:, -1].argmax(1) == targets_N).all()


@every_network
def test_answers_depend_neither_on_the_batch_nor_on_saving(name: str, tmp_path: Path) -> None:
    network, lines_NLS = tiny(name).eval(), scans()
    save_model(tmp_path, network)
    again = load_model(tmp_path, type(network))
    torch.testing.assert_close(again(lines_NLS[1:2]), network(lines_NLS)[1:2], atol=1e-5, rtol=0)


@every_network
def test_bfloat16_stays_finite_and_near(name: str) -> None:
    network, lines_NLS = tiny(name).eval(), scans()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        coarse = network(lines_NLS).float()
    assert (coarse - network(lines_NLS)).abs().max() < 0.1


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("vit", {"heads": 3}),
        ("sequential", {"kernels": [4, 3]}),
        ("sequential", {"kernels": [3]}),
        ("sequential", {"d_model": 15, "heads": 3}),
        ("lrcn", {"window": 4}),
        ("lrcn", {"window": LINES + 1}),
    ],
)
def test_settings_that_do_not_fit_are_refused(name: str, changed: dict[str, Any]) -> None:
    with pytest.raises(ParamsError, match=f"scan_recognizers.{name}.network"):
        tiny(name, **changed)


def test_positions_are_those_of_the_paper() -> None:
    positions_LD = sinusoidal_positions(3, 4)
    expected = [[np.sin(line), np.sin(line / 100), np.cos(line), np.cos(line / 100)] for line in range(3)]
    np.testing.assert_allclose(positions_LD, expected, rtol=1e-6)
