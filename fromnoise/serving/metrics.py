"""Counters for Prometheus: vLLM's names with our own first word, so that its dashboards need one change."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from fromnoise.requests import ImageResult, TextResult
from fromnoise.serving.record import Row

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class Metrics:
    """What is counted, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.away = 0
        """Requests for which there was no room."""
        model, r = ["model_name"], self.registry
        self._running = Gauge("fromnoise_num_requests_running", "Requests that are worked on", registry=r)
        self._waiting = Gauge("fromnoise_num_requests_waiting", "Requests that wait", registry=r)
        self._ended = Counter(
            "fromnoise_request_success", "Requests that ended", [*model, "finished_reason"], registry=r
        )
        self._seconds = Histogram(
            "fromnoise_e2e_request_latency_seconds",
            "From arrival to end",
            model,
            buckets=_SECONDS,
            registry=r,
        )
        self._queued = Histogram(
            "fromnoise_request_queue_time_seconds", "Time spent waiting", model, buckets=_SECONDS, registry=r
        )
        self._step = Histogram(
            "fromnoise_denoise_step_seconds",
            "Time of a step of a picture",
            model,
            buckets=_SECONDS,
            registry=r,
        )
        self._pictures = Counter("fromnoise_images", "Pictures made", model, registry=r)
        self._prompt = Counter("fromnoise_prompt_tokens", "Tokens read", model, registry=r)
        self._written = Counter("fromnoise_generation_tokens", "Tokens written", model, registry=r)
        self._refused = Counter(
            "fromnoise_guard_decisions", "What the guard refused", ["stage", "category", "action"], registry=r
        )
        self._away = Counter("fromnoise_requests_turned_away", "Requests without room", registry=r)

    def turned_away(self) -> None:
        """Count a request that found no room."""
        self.away += 1
        self._away.inc()

    def note(self, row: Row, result: ImageResult | TextResult | None) -> None:
        """Count a request that has ended."""
        self._ended.labels(row.model, row.verdict).inc()
        self._seconds.labels(row.model).observe(row.waited + row.seconds)
        self._queued.labels(row.model).observe(row.waited)
        if row.verdict == "refused":
            self._refused.labels(row.stage, row.category, "block").inc()
        if isinstance(result, ImageResult):
            self._pictures.labels(row.model).inc(len(result.images))
            if steps := result.settings[0].get("steps"):
                self._step.labels(row.model).observe(row.seconds / (steps * len(result.images)))
        elif isinstance(result, TextResult):
            self._prompt.labels(row.model).inc(result.prompt_tokens)
            self._written.labels(row.model).inc(sum(map(len, result.tokens)))

    def page(self, running: int, waiting: int) -> bytes:
        """Return all of it in Prometheus's text form."""
        self._running.set(running)
        self._waiting.set(waiting)
        return generate_latest(self.registry)
