"""`Moderation`: what the owner decided of mentions."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    bindparam,
    case,
    func,
    literal,
    null,
    or_,
    select,
    text,
    update,
)

from pingback.clock import Clock
from pingback.model import Mention, MentionStatus, Protocol
from pingback.store.database import Database
from pingback.store.expressions import among, big
from pingback.store.jobs import add_jobs
from pingback.store.rows import mentions_of, micros, news, possible_ids, withdrawal
from pingback.store.schema import WANTED, mentions
from pingback.store.statements import prepared
from pingback.urls import is_http, server_of
from pingback.work import JobKind

DECISIONS = (MentionStatus.APPROVED, MentionStatus.SPAM, MentionStatus.DELETED)


class Moderation:
    """The owner's word, which stands until the owner says otherwise; `Store.moderation` gives it.

    Thread-safe; each method is one transaction, on disk when it returns. All raise `StoreError` when the database
    cannot be used. `on_decision` may be set to whoever wants to hear of decisions, once they are on disk: the status
    before, and the mention. `on_their_word` may be set to the protocols whose sources nobody asks
    (by the setting `trackback` it is).
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.on_decision: Callable[[MentionStatus, Mention], object] | None = None
        self.on_their_word: Collection[Protocol] = ()

    def decide(
        self,
        ids: Iterable[int],
        status: MentionStatus,
        *,
        read: Mapping[int, datetime] = MappingProxyType({}),
        heard_by: Callable[[MentionStatus, Mention], object] | None = None,
    ) -> list[Mention]:
        """Approve mentions, mark them as spam, or delete them: gives them as they stand now, in the order of `ids`.

        Ids that no mention has are passed over, and so are mentions that are not any more as they were `read`, by the
        instant of their last change. Spam and deleted stay so, whatever verification finds later. An approval ends
        where the link is gone, or the page becomes something else. ValueError for any other status.

        What nobody has verified, or was seen to have lost its link, is verified before it is shown: such a mention is
        given as pending and `wanted`, and a job looks at its source. Not so by the protocols of `on_their_word`.
        Where this decision is `heard_by` somebody, `on_decision` does not hear of it.
        """
        if status not in DECISIONS:
            raise ValueError(f"nobody can decide that a mention is {status}")
        wanted, now = possible_ids(dict.fromkeys(ids)), self._clock()
        decided = {"ids": json.dumps(wanted), "decided": status.value, "changed_at": micros(now)}
        statement = _DECIDE
        if status is MentionStatus.APPROVED:
            statement = _APPROVE
            decided["protocols"] = json.dumps([*self.on_their_word])
        with self._database.write() as tx:
            known = {each.id or 0: each for each in mentions_of(tx.execute(_WITH_IDS, decided))}
            before = {number: each for number, each in known.items() if read.get(number) in (None, each.changed)}
            decided["ids"] = json.dumps([*before])
            found = {each.id or 0: each for each in mentions_of(tx.execute(statement, decided))}
            looks = {number: _server_of(mention) for number, mention in sorted(found.items()) if mention.wanted}
            add_jobs(tx, JobKind.VERIFY, looks, due=now, now=now, anew=True)
        mentions_now = [found[number] for number in wanted if number in found]
        hear = heard_by or self.on_decision
        if hear is not None:
            for number, mention in found.items():
                hear(before[number].status, mention)
        return mentions_now

    def approve_on_their_word(self) -> None:
        """Carry out what was approved where nobody knew of `on_their_word`: nobody else would."""
        asked = {"protocols": json.dumps(list(self.on_their_word))}
        if not self.on_their_word:
            return
        with self._database.read() as tx:
            wanted = tx.execute(_WANTED, asked).scalar() is not None
        if wanted:
            with self._database.write() as tx:
                tx.execute(_CARRY_OUT, asked | {"changed_at": micros(self._clock())})


def _server_of(mention: Mention) -> str:
    return server_of(mention.source) if is_http(mention.source) else ""


# Built once, as those of the outbox.
_AMONG_IDS = among(mentions.c.id, "ids")
_WITH_IDS = prepared(select(*mentions.c).where(_AMONG_IDS).order_by(mentions.c.id).with_for_update())
_DECIDED: ColumnElement[str] = bindparam("decided", type_=String)
_AT: ColumnElement[int] = big("changed_at")
_DECISION = (
    update(mentions)
    .where(_AMONG_IDS)
    .values(
        status=_DECIDED,
        decision=_DECIDED,
        held_for=None,
        changed=_AT,
        withdrawn=withdrawal(_DECIDED, at=_AT),
        news=news(_DECIDED, at=_AT),
    )
    .returning(*mentions.c)
)
_PENDING, _APPROVED = MentionStatus.PENDING.value, MentionStatus.APPROVED.value
_WITHDRAWN = and_(  # by earlier versions, which kept no fault
    mentions.c.status == MentionStatus.DELETED.value,
    func.coalesce(mentions.c.decision, "") != MentionStatus.DELETED.value,
)


_ON_THEIR_WORD = among(mentions.c.protocol, "protocols")
# Approve at once where the link was seen, or nobody is to look; else when it is seen, and that soon.
_UNSEEN = and_(
    mentions.c.status != _APPROVED,
    or_(mentions.c.verified.is_(None), mentions.c.fault.is_not(None), _WITHDRAWN),
    ~_ON_THEIR_WORD,
)
_BECOMES = case((_UNSEEN, _PENDING), else_=_APPROVED)
_DECIDE = prepared(_DECISION)
_APPROVE = prepared(
    _DECISION.values(
        status=_BECOMES,
        fault=None,
        withdrawn=withdrawal(_BECOMES, at=_AT),
        news=case((_UNSEEN, null()), else_=news(_BECOMES, at=_AT)),
        verified=case((_UNSEEN, null()), else_=mentions.c.verified),
    )
)
_IS_WANTED = (text(WANTED), _ON_THEIR_WORD)
_WANTED = prepared(
    select(literal(1)).where(*_IS_WANTED).limit(1).with_hint(mentions, "INDEXED BY pingback_mentions_wanted", "sqlite")
)
_CARRY_OUT = prepared(
    update(mentions).where(*_IS_WANTED).values(status=_APPROVED, held_for=None, changed=_AT, withdrawn=None)
)
