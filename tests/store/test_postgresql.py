"""`pingback.store.postgresql`: whatever is wrong with a server is one StoreError, and what passes is gone over."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from datetime import UTC, datetime

import pytest
from psycopg import OperationalError
from sqlalchemy import make_url

from pingback.errors import StoreError
from pingback.model import Mention, MentionStatus, Protocol
from pingback.store import Store
from pingback.store.database import Database
from pingback.store.engine import engine_of
from pingback.store.statements import Transaction
from tests.loopback import free_port
from tests.postgresql.server import PASSWORD, Server, running

MENTION = Mention(
    source="https://a.example/post",
    target="https://b.example/part-5",
    protocol=Protocol.PINGBACK,
    status=MentionStatus.APPROVED,
    received=datetime(2026, 1, 2, tzinfo=UTC),
)
PATIENCE = 120.0  # seconds for what takes a fraction of one
PATIENT = f"&timeout={PATIENCE}"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        pytest.param("postgresql://u:s3c@ret@h/x", "in a password it is written %40", id="at-in-a-password"),
        pytest.param("postgresql://u:s3cret@h:s3cret/x", "not of the form", id="port-in-words"),
        pytest.param("postgresql://u:s3cret@h/x?password=s3cret", "not known: password", id="unknown-option"),
        pytest.param("postgresql://u:s3cret@h/x?timeout=soon", "not a number", id="timeout-in-words"),
        pytest.param("postgresql://u:s3cret@h/x?prepare_threshold=-1", "neither a number nor none", id="threshold"),
        pytest.param("postgresql+asyncpg://u:s3cret@h/x", "must be of the form", id="another-driver"),
        pytest.param("postgresql://u:s3cret@h.invalid/x", "x on h.invalid cannot be reached", id="no-such-host"),
        pytest.param("postgresql://u:s3cret@/x?host=/nowhere", "cannot be reached: .*No such file", id="no-socket"),
        pytest.param("postgresql://u:s3cret@/x?sslmode=s3crets", "cannot be reached: .*sslmode", id="unknown-tls"),
    ],
)
def test_unusable_url(url: str, sentence: str) -> None:
    with pytest.raises(StoreError, match=sentence) as refused:
        Store(url)
    assert "s3cret" not in str(refused.value).replace("s3crets", "")
    assert "\n" not in str(refused.value)


def test_nobody_listens() -> None:
    port = free_port()
    with pytest.raises(StoreError) as refused:
        Store(f"postgresql://u:s3cret@127.0.0.1:{port}/x")
    assert str(refused.value) == (
        "the database x on 127.0.0.1 cannot be reached: connection failed: connection to server at"
        f' "127.0.0.1", port {port} failed: Connection refused'
    )
    assert refused.value.public == "the database cannot be reached"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One that may be stopped, and that asks for passwords."""
    with running(listens=True) as server:
        yield server


@pytest.mark.parametrize(
    ("name", "password", "sentence"),
    [
        pytest.param("postgres", "wr0ng", 'password authentication failed for user "pingback"', id="password"),
        pytest.param("nowhere", PASSWORD, 'database "nowhere" does not exist', id="no-such-database"),
    ],
)
def test_refused_by_the_server(server: Server, name: str, password: str, sentence: str) -> None:
    with pytest.raises(StoreError, match=f"on 127.0.0.1 cannot be reached: .*{sentence}") as refused:
        Store(server.url_by_port(name, password=password))
    assert password not in str(refused.value)
    assert refused.value.public == "the database cannot be reached"


def as_guest(url: str) -> str:
    return url.replace("pingback@", "guest@")


@contextmanager
def guest(server: Server, more: str = "") -> Iterator[None]:
    """A user who owns nothing."""
    with server.connect() as connection:
        connection.execute(f"CREATE ROLE guest LOGIN {more}")
    yield
    with server.connect() as connection:
        connection.execute("DROP ROLE guest")


def test_a_user_who_may_make_no_tables(postgresql: Server) -> None:
    url = postgresql.new_database(empty=True)
    sentence = "may not be written by this user: permission denied for schema public"
    with guest(postgresql), pytest.raises(StoreError, match=sentence):
        Store(as_guest(url))
    postgresql.drop(url)


def test_no_connection_is_left(postgresql: Server, postgresql_url: str) -> None:
    with guest(postgresql, "SUPERUSER"), postgresql.connect() as connection:
        name = make_url(postgresql_url).database
        connection.execute("ALTER ROLE guest NOSUPERUSER CONNECTION LIMIT 1")
        connection.execute(f"ALTER DATABASE {name} OWNER TO guest")
        with postgresql.connect(postgresql_url) as owner:
            owner.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO guest")
        with Store(as_guest(postgresql_url)) as store:
            with pytest.raises(StoreError, match=r"cannot be reached: .*too many connections"):
                store.secrets.set_password("x")
            connection.execute("ALTER ROLE guest CONNECTION LIMIT 9")
            store.secrets.set_password("x")
        postgresql.drop(postgresql_url)


def test_a_server_that_only_reads(postgresql: Server, postgresql_url: str) -> None:
    name = make_url(postgresql_url).database
    with postgresql.connect() as connection:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with Store(postgresql_url) as store:
        assert store.mentions.find(MENTION.source, MENTION.target) is None
        with pytest.raises(StoreError, match="is read-only") as refused:
            store.mentions.keep(MENTION)
        assert refused.value.public == "the database is read-only"
        with pytest.raises(StoreError, match="is read-only"):
            store.readiness.check()
        with postgresql.connect() as connection:
            connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
        send_away(postgresql, postgresql_url)
        assert store.mentions.keep(MENTION)[1]
        store.readiness.check()


def send_away(server: Server, url: str) -> None:
    """End all connections to a database, and wait until they are."""
    with server.connect() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = %s",
            (make_url(url).database,),
        )


def test_after_a_restart_nobody_hears_of_it(server: Server) -> None:
    """Each pool is full of connections that the server has closed."""
    with Store(server.new_database() + PATIENT) as store:
        database = store._database
        for use in (database.read, database.browse, database.write):
            together(use, database.engine.writers)
        server.stop()
        server.start()
        for use in (database.read, database.browse, database.write):
            together(use, database.engine.writers)
            with use() as tx:
                assert tx.execute("SELECT 7").scalar() == 7
        assert database.trouble is None


def together(use: Callable[[], AbstractContextManager[Transaction]], threads: int) -> None:
    """So many threads have a transaction at one time."""
    barrier = threading.Barrier(threads)

    def take_one() -> None:
        with use() as tx:
            tx.execute("SELECT 1")
            barrier.wait(PATIENCE)

    asked = [threading.Thread(target=take_one) for _ in range(threads)]
    for thread in asked:
        thread.start()
    for thread in asked:
        thread.join(PATIENCE)
    assert not barrier.broken
    assert not any(thread.is_alive() for thread in asked)


def test_of_many_that_were_closed_the_last_makes_nothing_new_old(postgresql: Server, postgresql_url: str) -> None:
    engine = engine_of(postgresql_url)
    pool = engine.pool(create=True)
    first, second = pool.connect(), pool.connect()
    send_away(postgresql, postgresql_url)
    for lent in (first, second):
        with pytest.raises(OperationalError):
            engine.begin_reading(lent)
    assert not engine.undo(first)
    with closing(pool.connect()) as lent:
        new = lent.dbapi_connection
    assert not engine.undo(second)
    with closing(pool.connect()) as lent:
        assert lent.dbapi_connection is new
    for lent in (first, second):
        lent.invalidate()
    pool.dispose()


def test_while_the_server_is_away_it_is_said_and_then_all_goes_on(server: Server) -> None:
    with Store(server.new_database()) as store:
        assert store.mentions.keep(MENTION)[1]
        server.kill()
        for _ in range(2):
            with pytest.raises(StoreError) as refused:
                store.mentions.keep(MENTION)
            assert refused.value.public == "the database cannot be reached"
        with pytest.raises(StoreError, match="cannot be reached"):
            store.readiness.check()
        assert store._database.trouble is not None
        server.start()
        assert not store.mentions.keep(MENTION)[1]
        assert store._database.trouble is None


def test_what_is_open_is_lost_with_its_connection(postgresql: Server, postgresql_url: str) -> None:
    database = Database(postgresql_url)
    with pytest.raises(StoreError, match="is shutting down"):
        write_and_lose_it(database, postgresql, postgresql_url)
    with database.write() as tx:
        tx.execute("INSERT INTO pingback_pauses (host, until) VALUES ('b.example', 1)")
    with database.read() as tx:
        assert tx.execute("SELECT host FROM pingback_pauses").scalars() == ["b.example"]
    database.close()


def write_and_lose_it(database: Database, postgresql: Server, url: str) -> None:
    with database.write() as tx:
        tx.execute("INSERT INTO pingback_pauses (host, until) VALUES ('a.example', 1)")
        send_away(postgresql, url)
        tx.execute("SELECT 1")


def test_a_connection_that_broke_unnoticed_leaves_no_traceback(
    postgresql: Server, postgresql_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Store(postgresql_url) as store:
        with pytest.raises(KeyError):
            give_up(store._database, postgresql, postgresql_url)
        store.readiness.check()
    assert caplog.records == []


def test_a_connection_that_broke_between_many_statements_leaves_no_traceback(
    postgresql_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The driver sends these one after the other, and takes nothing else until all are answered."""
    with Store(postgresql_url) as store:
        with pytest.raises(KeyError):
            stop_between_statements(store._database)
        store.readiness.check()
    assert caplog.records == []


def stop_between_statements(database: Database) -> None:
    with database.write() as tx:
        tx.connection.pgconn.enter_pipeline_mode()
        raise KeyError


def give_up(database: Database, postgresql: Server, url: str) -> None:
    with database.write():
        send_away(postgresql, url)
        raise KeyError


def test_a_lock_that_another_program_holds(postgresql: Server, postgresql_url: str) -> None:
    with Store(f"{postgresql_url}&timeout=0.01") as store:
        with postgresql.connect(postgresql_url) as other, other.transaction():
            other.execute("LOCK pingback_mentions")
            with pytest.raises(StoreError, match="is too busy: canceling statement due to lock timeout") as refused:
                store.mentions.keep(MENTION)
        assert refused.value.public == "the database is too busy"
        assert store.mentions.keep(MENTION)[1]


def test_threads_that_write_do_not_take_turns(postgresql_url: str) -> None:
    database = Database(postgresql_url + PATIENT)
    together(database.write, database.engine.writers)
    database.close()


def test_more_threads_than_connections_wait(postgresql_url: str) -> None:
    database = Database(f"{postgresql_url}&timeout=0.01")
    with ExitStack() as writing:
        for _ in range(database.engine.writers):
            writing.enter_context(database.write(within=PATIENCE))
        with pytest.raises(StoreError, match="is too busy"), database.write():
            pass
    with database.write():
        pass
    database.close()


@pytest.mark.parametrize("use", ["read", "browse", "write"])
def test_who_is_stopped_half_way_holds_others_up_for_a_minute_at_most(postgresql_url: str, use: str) -> None:
    database = Database(postgresql_url)
    with getattr(database, use)() as tx:
        assert tx.execute("SHOW idle_in_transaction_session_timeout").scalar() == "1min"
        assert tx.execute("SHOW statement_timeout").scalar() == "1min"
    database.close()


@pytest.mark.parametrize(
    ("threshold", "found"),
    [pytest.param("0", True, id="at-once"), pytest.param("none", False, id="never")],
)
def test_statements_are_prepared_where_they_may_be(postgresql_url: str, threshold: str, found: bool) -> None:
    database = Database(f"{postgresql_url}&prepare_threshold={threshold}")
    with database.read() as tx:
        for _ in range(9):
            tx.execute("SELECT %(number)s::int", {"number": 1})
        [[count]] = tx.execute("SELECT count(*) FROM pg_prepared_statements")
        assert (count > 0) is found
    database.close()


def test_a_child_speaks_by_connections_of_its_own(postgresql_url: str) -> None:
    with Store(postgresql_url) as store:
        child = os.fork()
        if not child:
            store.mentions.keep(MENTION)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert store.mentions.find(MENTION.source, MENTION.target) is not None


def test_to_look_makes_no_tables(postgresql: Server) -> None:
    url = postgresql.new_database(empty=True)
    assert engine_of(url).revision() is None
    with postgresql.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'pingback%'").fetchall() == [
            (0,)
        ]
    postgresql.drop(url)
