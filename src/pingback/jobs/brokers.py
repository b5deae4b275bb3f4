"""`DramatiqQueue`: numbers of jobs as messages of Dramatiq, on Redis or RabbitMQ.

A message is acknowledged when its job has ended, and tried once: when a job is due again, its row says. So there are no
delays in the broker, and a message that comes twice, or late, finds its job in other hands or gone.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import dramatiq
from dramatiq.errors import BrokerConnectionError
from dramatiq.middleware import Retries, TimeLimit

from pingback.errors import BrokerError, SettingsError

QUEUE = "pingback"
ACTOR = "pingback.do"
THREADS = 32  # of a worker; a source takes a twentieth of a second, most of it on the way
CONNECT_WITHIN = 5.0  # seconds
BEFORE_THE_LEASE_ENDS = timedelta(seconds=30)  # a job is broken off
STOP_WITHIN = 30_000  # milliseconds that the end waits for what is under way


class DramatiqQueue:
    """Messages to workers. Opened when it is used, with a connection for each thread that does. Thread-safe.

    `broker` is Dramatiq's own, for who runs its command. SettingsError for a URL that is none, or whose engine is not
    installed. No error or log holds the password.
    """

    def __init__(self, url: str) -> None:
        self.name = name_of(url)
        self._engine = _Redis(url) if urlsplit(url).scheme.startswith("redis") else _RabbitMQ(url)
        self.broker = self._engine.broker
        self.broker.declare_queue(QUEUE)

    def send(self, number: int) -> None:
        message = dramatiq.Message[None](queue_name=QUEUE, actor_name=ACTOR, args=(number,), kwargs={}, options={})
        with self._translated():
            self.broker.enqueue(message)

    def depth(self) -> int:
        with self._translated():
            return self._engine.depth()

    def handle(self, do: Callable[[int], object], *, lease: timedelta) -> None:
        """Have this called with each number, in the threads of whoever works here; not for as long as the lease."""
        limit = (lease - BEFORE_THE_LEASE_ENDS).total_seconds() * 1000
        actor = dramatiq.actor(actor_name=ACTOR, queue_name=QUEUE, broker=self.broker, max_retries=0, time_limit=limit)
        actor(do)

    def close(self) -> None:
        self.broker.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (BrokerConnectionError, *self._engine.errors) as error:
            raise BrokerError(f"the broker {self.name} cannot be used: {_said(error)}") from error


class DramatiqWorkers:
    """Threads of this process that do what comes by a queue, which `handle` says how to do."""

    def __init__(self, queue: DramatiqQueue, *, threads: int = THREADS) -> None:
        self._broker = queue.broker
        self._worker = dramatiq.Worker(queue.broker, queues={QUEUE}, worker_threads=threads)

    def start(self) -> None:
        self._broker.emit_after("process_boot")  # which begins to watch how long things take
        self._worker.start()

    def stop(self) -> None:
        self._worker.stop(timeout=STOP_WITHIN)


class Companion(dramatiq.Middleware):
    """Begins what goes along with workers when these begin, in a process of Dramatiq's own command."""

    def __init__(self, begin: Callable[[], object], end: Callable[[], object]) -> None:
        self._begin = begin
        self._end = end

    def after_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        self._begin()

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        self._end()


def name_of(url: str) -> str:
    """What a person may be shown of a broker's URL; SettingsError where that is none."""
    try:
        parts = urlsplit(url)
        where = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
    except ValueError as error:
        raise SettingsError("broker: this is not an address of a broker") from error
    if parts.scheme not in ("redis", "rediss", "amqp", "amqps") or not parts.hostname:
        raise SettingsError("broker: give one like redis://HOST/0 or amqp://USER:PASSWORD@HOST/%2F")
    return f"{parts.scheme}://{where}"


def _middleware() -> list[dramatiq.Middleware]:
    return [TimeLimit(), Retries(max_retries=0)]


class _Redis:
    def __init__(self, url: str) -> None:
        import redis
        from dramatiq.brokers.redis import RedisBroker

        self.errors = (redis.RedisError,)
        client = redis.Redis.from_url(
            url, socket_connect_timeout=CONNECT_WITHIN, socket_timeout=CONNECT_WITHIN, health_check_interval=30
        )
        self.broker = RedisBroker(  # type: ignore[no-untyped-call]  # dramatiq has no types for it
            client=client, middleware=_middleware(), namespace=QUEUE
        )

    def depth(self) -> int:
        return int(self.broker.do_qsize(QUEUE))


class _RabbitMQ:
    def __init__(self, url: str) -> None:
        import pika
        from dramatiq.brokers.rabbitmq import RabbitmqBroker

        logging.getLogger("pika").setLevel(logging.CRITICAL)  # it logs as errors what it raises, with tracebacks
        parameters = pika.URLParameters(url)
        parameters.socket_timeout = parameters.stack_timeout = CONNECT_WITHIN
        parameters.blocked_connection_timeout = CONNECT_WITHIN
        self.errors = (pika.exceptions.AMQPError, OSError)
        # What is not confirmed may be lost, which costs a minute; to wait for the broker's disk would cost 7 ms each.
        self.broker = RabbitmqBroker(confirm_delivery=False, middleware=_middleware())
        self.broker.parameters = parameters

    def depth(self) -> int:
        """By a connection that may have been idle for so long that the far side has closed it."""
        try:
            return self._waiting()
        except self.errors:
            del self.broker.connection
            return self._waiting()

    def _waiting(self) -> int:
        return int(self.broker.get_queue_message_counts(QUEUE)[0])


def _said(error: BaseException) -> str:
    """In a few words. Some errors of pika say nothing themselves, but hold one that does."""
    while not str(error):
        inner = getattr(error, "exception", None) or next(iter(error.args), None)
        if not isinstance(inner, BaseException):
            return type(error).__name__
        error = inner
    return str(error)
