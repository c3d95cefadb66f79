"""Compare the circuit breaker with a slow but obvious model."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import EPOCH
from tocsin.dispatch.circuit_breaker import (
    MAX_OPEN_SECONDS,
    CircuitBreaker,
    CircuitConfig,
    CircuitState,
    find_failure_cause,
)
from tocsin.documents import ErrorKind

RULES = CircuitConfig(3, 5.0)
NOW = EPOCH + timedelta(days=20_000)


class Model:
    """A model that keeps the whole history and evaluates it each time."""

    def __init__(self) -> None:
        self.row = 0
        self.open_until: datetime | None = None
        self.probing = False
        self.times = 0

    def outcome(self, now: datetime, failed: bool) -> None:
        if self.open_until is not None and not self.probing:
            return
        if self.probing:
            self.probing = False
            if not failed:
                self.__init__()  # type: ignore[misc]
                return
            self.times += 1
        elif not failed:
            self.row = 0
            return
        else:
            self.row += 1
            if self.row < RULES.failure_threshold:
                return
            self.times = 1
        self.open_until = now + timedelta(seconds=min(RULES.open_seconds * 2 ** (self.times - 1), MAX_OPEN_SECONDS))

    def probe(self, now: datetime) -> bool:
        if self.open_until is None or self.probing or now < self.open_until:
            return False
        self.probing = True
        return True


events = st.lists(st.tuples(st.sampled_from(("fail", "answer", "probe")), st.integers(0, 60)), max_size=80)


@given(events=events)
def test_it_does_what_the_model_does(events: list[tuple[str, int]]) -> None:
    circuit, model, now = CircuitBreaker(), Model(), NOW
    for event, seconds in events:
        now += timedelta(seconds=seconds)
        if event == "probe":
            probed = circuit.with_probe(now) if circuit.state is CircuitState.OPEN else None
            assert (probed is not None) == model.probe(now)
            circuit = probed or circuit
        else:
            model.outcome(now, event == "fail")
            circuit = circuit.after_failure(now, RULES, "CONNECT") if event == "fail" else circuit.after_success()
        is_open = model.open_until is not None
        assert circuit.state is (
            CircuitState.HALF_OPEN if model.probing else CircuitState.OPEN if is_open else CircuitState.CLOSED
        )
        if circuit.state is CircuitState.OPEN:
            assert circuit.retry_at == model.open_until


def test_a_probe_whose_outcome_never_comes_is_followed_by_another() -> None:
    circuit = CircuitBreaker(CircuitState.OPEN, 3, 5.0, NOW, "HTTP 503")
    probing = circuit.with_probe(NOW)
    assert probing is not None
    assert probing.with_probe(NOW + timedelta(seconds=100)) is None
    assert probing.with_probe(NOW + timedelta(seconds=121)) is not None


def test_refused_connections_and_overload_count_as_failures_of_a_target() -> None:
    assert find_failure_cause(ErrorKind.CONNECT, None) == "CONNECT"
    assert find_failure_cause(ErrorKind.HTTP_STATUS, 429) == "HTTP 429"
    assert find_failure_cause(ErrorKind.HTTP_STATUS, 503) == "HTTP 503"
    for kind, status in ((ErrorKind.HTTP_STATUS, 500), (ErrorKind.TIMEOUT, None), (None, 200)):
        assert find_failure_cause(kind, status) is None


def test_it_can_be_turned_off() -> None:
    circuit = CircuitBreaker()
    for _ in range(100):
        circuit = circuit.after_failure(NOW, CircuitConfig(0, 5.0), "CONNECT")
    assert circuit.state is CircuitState.CLOSED


def test_an_inconclusive_failure_neither_opens_a_circuit_nor_lengthens_its_wait() -> None:
    assert CircuitBreaker().after_inconclusive(NOW) == CircuitBreaker()
    opened = CircuitBreaker(CircuitState.OPEN, 3, 5.0, NOW, "CONNECT")
    assert opened.after_inconclusive(NOW) == opened
    probed = opened.with_probe(NOW)
    assert probed is not None
    again = probed.after_inconclusive(NOW + timedelta(seconds=1))
    assert (again.state, again.open_seconds, again.retry_at) == (CircuitState.OPEN, 5.0, NOW + timedelta(seconds=6))
